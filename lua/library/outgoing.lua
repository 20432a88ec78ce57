-- Lists of a batch: outbox entries, news, and changes of seats, sent together at its end.
--
-- Each command has lists of its own, which are appended to the batch's when it succeeds.
local batch -- lists of packed outbox entries and news, of changes of seats; see with_entry
local own -- the same of the command that runs
local last -- name of the outbox' last entry, read once

local function lists() return { entries = {}, news = {}, fills = {}, seats = {}, unlinks = {} } end

-- Enqueue a packed entry into the outbox.
function memory.enqueue(entry) own.entries[#own.entries + 1] = entry end

-- Publish news on the event's channel, to every process. Processes make frames for visitors of it.
local function publish(kind, news)
  news.news, news.epoch = kind, epoch
  own.news[#own.news + 1] = pack(news)
end

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
  if #batch.entries == 0 and #own.entries == 0 then return fill(last_entry()) end
  own.fills[#own.fills + 1] = fill
end

-- Add a change of seats, all of which are published at the end of the batch.
function memory.change_seats(section, changes)
  own.seats[#own.seats + 1] = { section, changes }
end

function memory.changes_of_seats() return batch.seats end
