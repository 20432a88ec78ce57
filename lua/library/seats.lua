-- Seats: a row is one string, a section has a count of free places and a version.
--
-- `.` free, `h` held or being paid, `s` sold, `x` not for sale. Every change counts up its
-- section's version. The loop publishes all changes of a batch at its end, one news a section.
local seats = {}
local batch_changes = {} -- section → { from, to, changes }: versions, and seats changed in between
local known = {} -- sections read in this batch

function seats.section(id)
  if known[id] == nil then
    local packed = redis.call("HGET", key("sections"), id)
    known[id] = packed and cmsgpack.unpack(packed) or false
  end
  return known[id]
end

-- Take an id apart: `stalls.C-12` → stalls, C, 12; nil where it is none.
function seats.parts(id)
  local section, row, number = id:match("^([a-z0-9-]+)%.([A-Z0-9]+)%-([1-9]%d*)$")
  return section, row, tonumber(number)
end

function seats.id(section, row, number) return string.format("%s.%s-%d", section, row, number) end

function seats.free(section) return tonumber(redis.call("HGET", key("free"), section) or 0) end

-- Group seats by row. Return an array of { section, row, text, numbers }, and the ids that are no
-- seats of the event.
function seats.grouped(ids)
  local rows, at, unknown = {}, {}, {}
  for _, id in ipairs(ids) do
    local section, row, number = seats.parts(id)
    local name = section and section .. "/" .. row
    if name and not at[name] then
      local text = redis.call("HGET", key("rows"), name)
      if text then
        rows[#rows + 1] = { section = section, row = row, text = text, numbers = {} }
        at[name] = rows[#rows]
      end
    end
    local found = name and at[name]
    if found and number <= #found.text then
      found.numbers[#found.numbers + 1] = number
    else
      unknown[#unknown + 1] = id
    end
  end
  return rows, unknown
end

-- Return the ids of those that are not free.
function seats.conflicts(rows)
  local taken = {}
  for _, row in ipairs(rows) do
    for _, number in ipairs(row.numbers) do
      if row.text:sub(number, number) ~= "." then
        taken[#taken + 1] = seats.id(row.section, row.row, number)
      end
    end
  end
  return taken
end

-- Count up a section's version. Return the list of its changes in this batch.
local function count_change(section)
  local version = redis.call("HINCRBY", key("version"), section, 1)
  batch_changes[section] = batch_changes[section] or { from = version - 1, changes = {} }
  batch_changes[section].to = version
  return batch_changes[section].changes
end

-- Write one character to seats of a row, wherever another stands, and count free places again.
local function write(row, numbers, char)
  local section, text = row.section, row.text
  local freed, changes = 0, nil
  for _, number in ipairs(numbers) do
    local before = text:sub(number, number)
    if before ~= char then
      changes = changes or count_change(section)
      changes[#changes + 1] = { row.row, number, char }
      freed = freed + (char == "." and 1 or 0) - (before == "." and 1 or 0)
      text = text:sub(1, number - 1) .. char .. text:sub(number + 1)
    end
  end
  row.text = text
  if changes then redis.call("HSET", key("rows"), section .. "/" .. row.row, text) end
  if freed ~= 0 then redis.call("HINCRBY", key("free"), section, freed) end
end

-- Write one character to the seats of a hold; in a standing section, count its places instead.
--
-- `standing` is the sign of that count: −1 takes free places, +1 gives them back, 0 changes
-- nothing. Seats among `others` get the character that stands there. With `only`, no seat is
-- written but those that have this character.
function seats.mark(hold, char, standing, others, only)
  if hold.section ~= "" then
    if standing ~= 0 then
      count_change(hold.section)
      redis.call("HINCRBY", key("free"), hold.section, standing * hold.quantity)
    end
    return
  end
  for _, row in ipairs((seats.grouped(hold.seats))) do
    local by_char = {}
    for _, number in ipairs(row.numbers) do
      local own = others and others[seats.id(row.section, row.row, number)] or char
      by_char[own] = by_char[own] or {}
      if not only or row.text:sub(number, number) == only then
        table.insert(by_char[own], number)
      end
    end
    for own, numbers in pairs(by_char) do write(row, numbers, own) end
  end
end

-- Write the characters of a row that differ from another text of it.
function seats.rewrite(section, name, text, wanted)
  local row, by_char = { section = section, row = name, text = text }, {}
  for number = 1, #wanted do
    local char = wanted:sub(number, number)
    by_char[char] = by_char[char] or {}
    table.insert(by_char[char], number)
  end
  for char, numbers in pairs(by_char) do write(row, numbers, char) end
end

-- Set the free places of a standing section.
function seats.set_free(section, free)
  count_change(section)
  redis.call("HSET", key("free"), section, free)
end

-- Put a section into the event: { id, kind, amount, currency, free, rows }, rows as (name, text),
-- the front row first.
function seats.put(section, version)
  local id, row_names = section.id, {}
  for index, row in ipairs(section.rows) do
    row_names[index] = row[1]
    redis.call("HSET", key("rows"), id .. "/" .. row[1], row[2])
  end
  redis.call("HSET", key("row_names"), id, cmsgpack.pack(row_names))
  redis.call("HSET", key("free"), id, section.free)
  redis.call("HSET", key("version"), id, version)
  redis.call("HSET", key("sections"), id, cmsgpack.pack({
    kind = section.kind, amount = section.amount, currency = section.currency,
  }))
  known[id] = nil
end

function seats.publish_changes()
  for section, batch in pairs(batch_changes) do
    publish("seats", {
      section = section, from = batch.from, to = batch.to, changes = batch.changes,
      free = seats.free(section),
    })
  end
end
