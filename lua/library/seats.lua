-- The house: a row of seats is one string, a section has its count of free places and a version.
--
-- `.` free, `h` held or being paid, `s` sold, `x` not for sale. Every change counts up its
-- section's version; the loop tells all changes of a batch at once, one news a section.
local seats = {}
local changes = {} -- section → { from, to, changes } of this batch
local known = {} -- sections read in this batch

function seats.section(id)
  if known[id] == nil then
    local packed = redis.call("HGET", key("sections"), id)
    known[id] = packed and cmsgpack.unpack(packed) or false
  end
  return known[id]
end

-- `stalls.C-12` → stalls, C, 12
function seats.parts(id)
  local section, row, number = id:match("^([a-z0-9-]+)%.([A-Z0-9]+)%-([1-9]%d*)$")
  return section, row, tonumber(number)
end

function seats.id(section, row, number) return string.format("%s.%s-%d", section, row, number) end

function seats.free(section) return tonumber(redis.call("HGET", key("free"), section) or 0) end

-- Seats by row: an array of { section, row, text, numbers }; and the ids that are no seats.
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

-- Which of these are not free.
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

local function changed(section)
  local version = redis.call("HINCRBY", key("version"), section, 1)
  changes[section] = changes[section] or { from = version - 1, changes = {} }
  changes[section].to = version
  return changes[section].changes
end

-- Write one character to seats of a row as it was read, wherever another stands; free counts
-- follow.
local function write(row, numbers, char)
  local section, text = row.section, row.text
  local freed, told = 0, nil
  for _, number in ipairs(numbers) do
    local had = text:sub(number, number)
    if had ~= char then
      told = told or changed(section)
      told[#told + 1] = { row.row, number, char }
      freed = freed + (char == "." and 1 or 0) - (had == "." and 1 or 0)
      text = text:sub(1, number - 1) .. char .. text:sub(number + 1)
    end
  end
  row.text = text
  if told then redis.call("HSET", key("rows"), section .. "/" .. row.row, text) end
  if freed ~= 0 then redis.call("HINCRBY", key("free"), section, freed) end
end

-- The same for what a hold holds, of either kind; `standing` is what its places are worth to the
-- count of free ones: −1 takes them, +1 gives them back, 0 leaves it. `others` are seats that
-- get a character of their own; `only` seats with that character are written.
function seats.mark(hold, char, standing, others, only)
  if hold.section ~= "" then
    if standing ~= 0 then
      changed(hold.section)
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

-- Put a section into the house, with its rows as they stand: { id, kind, amount, currency, free,
-- rows }, rows as (name, text) from the front.
function seats.put(section, version)
  local id, order = section.id, {}
  for index, row in ipairs(section.rows) do
    order[index] = row[1]
    redis.call("HSET", key("rows"), id .. "/" .. row[1], row[2])
  end
  redis.call("HSET", key("order"), id, cmsgpack.pack(order))
  redis.call("HSET", key("free"), id, section.free)
  redis.call("HSET", key("version"), id, version)
  redis.call("HSET", key("sections"), id, cmsgpack.pack({
    kind = section.kind, amount = section.amount, currency = section.currency,
  }))
  known[id] = nil
end

function seats.tell_changes()
  for section, told in pairs(changes) do
    tell("seats", {
      section = section, from = told.from, to = told.to, changes = told.changes,
      free = seats.free(section),
    })
  end
end
