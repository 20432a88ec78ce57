-- Lists of a batch: outbox entries, news, and changes of seats, sent together at its end.
--
-- What a command has appended is cut off again when it fails.
lists = {} -- packed outbox entries and news, changes of seats, stores to unlink; see with_entry
lengths = {} -- of them, as the last command that succeeded left them
last = nil -- name of the outbox' last entry, read once

function begin_lists()
  lists = { entries = {}, news = {}, fills = {}, seats = {}, unlinks = {} }
  lengths = { entries = 0, news = 0, fills = 0, seats = 0, unlinks = 0 }
  last = nil
end

-- Keep what the lists have. Return whether an entry or news came to them.
function keep_lists()
  local entries, news = #lists.entries, #lists.news
  local has_grown = entries > lengths.entries or news > lengths.news
  lengths.entries, lengths.news, lengths.fills = entries, news, #lists.fills
  lengths.seats, lengths.unlinks = #lists.seats, #lists.unlinks
  return has_grown
end

function cut_lists()
  for name, list in pairs(lists) do
    for index = #list, lengths[name] + 1, -1 do list[index] = nil end
  end
end

-- Enqueue a packed entry into the outbox.
function memory.enqueue(entry) lists.entries[#lists.entries + 1] = entry end

-- Publish news on the event's channel, to every process. Processes make frames for visitors of it.
-- The table is made with all its names, so that Lua makes it in its size.
function publish(news) lists.news[#lists.news + 1] = pack(news) end

local function last_entry()
  if not last then
    local found = call("XREVRANGE", key("outbox"), "+", "-", "COUNT", 1)[1]
    last = found and entry_name(found[1]) or ""
  end
  return last
end

-- Call back with the name of the batch's outbox entry once Redis has it; at once, with the name of
-- the last one, where this batch has enqueued nothing.
function memory.with_entry(fill)
  if #lists.entries == 0 then return fill(last_entry()) end
  lists.fills[#lists.fills + 1] = fill
end

-- Add a seat that changed: all are published at the end of the batch.
function memory.change_seat(section, row, number, char)
  local changes, size = lists.seats, #lists.seats
  changes[size + 1], changes[size + 2], changes[size + 3], changes[size + 4] = section, row, number, char
end

function memory.changes_of_seats() return lists.seats end
