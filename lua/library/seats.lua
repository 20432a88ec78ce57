-- Seats: a row is one string, a section has a count of free places and a version.
--
-- `.` free, `h` held or being paid, `s` sold, `x` not for sale. Every change counts up its
-- section's version. All changes of a batch are published at its end, one news a section.
seats = {}
local rows = memory.hash("rows")
local free = memory.hash("free")
local versions = memory.hash("version")
local sections = memory.hash("sections")
local row_names = memory.hash("row_names")
local FREE = string.byte(".")
local versions_before = {} -- by section, before this batch changed it
local unpacked_sections = {} -- by packed value: sections have few kinds and prices

function seats.begin_batch() versions_before = {} end

function seats.section(id)
  local packed = memory.read(sections, id)
  if not packed then return nil end
  local section = unpacked_sections[packed]
  if not section then
    section = unpack_one(packed)
    unpacked_sections[packed] = section
  end
  return section
end

-- Return the ids of all sections.
function seats.ids()
  memory.settle(sections)
  return call("HKEYS", memory.key(sections))
end

function seats.names_of_rows(section) return unpack_one(memory.read(row_names, section)) end

function seats.row(section, name) return memory.read(rows, section .. "/" .. name) end

function seats.read_ahead(names) memory.read_ahead(rows, names) end

function seats.version(section) return memory.number(versions, section) end

-- Take an id apart: `stalls.C-12` → stalls, C, 12; nil where it is none.
function seats.parts(id)
  local section, row, number = id:match("^([a-z0-9-]+)%.([A-Z0-9]+)%-([1-9]%d*)$")
  return section, row, tonumber(number)
end

function seats.id(section, row, number) return format("%s.%s-%d", section, row, number) end

function seats.free(section) return memory.number(free, section) end

-- Return each section and its free places, one after the other.
function seats.free_by_section()
  memory.settle(free)
  return call("HGETALL", memory.key(free))
end

-- Return the free places of the event, and how many sections it has.
function seats.free_of_all()
  memory.settle(free)
  local sum, sections_left = 0, call("HVALS", memory.key(free))
  for _, places_left in ipairs(sections_left) do sum = sum + places_left end
  return sum, #sections_left
end

-- Return the group of a row, which is begun with the row's first seat; nil where there is no row.
local function group_of(groups, section, row)
  for index = 1, #groups do
    local group = groups[index]
    if group.row == row and group.section == section then return group end
  end
  local text = memory.read(rows, section .. "/" .. row)
  if not text then return nil end
  local group = { section = section, row = row, text = text, numbers = {} }
  groups[#groups + 1] = group
  return group
end

-- Group seats by row. Return an array of { section, row, text, numbers }, the section of each id,
-- and the ids that are no seats of the event; nil where each is one.
function seats.grouped(ids)
  local groups, section_of, unknown = {}, {}, nil
  for index = 1, #ids do
    local section, row, number = seats.parts(ids[index])
    local group = section and group_of(groups, section, row)
    section_of[index] = section
    if group and number <= #group.text then
      group.numbers[#group.numbers + 1] = number
    else
      unknown = unknown or {}
      unknown[#unknown + 1] = ids[index]
    end
  end
  return groups, section_of, unknown
end

-- Return the ids of those that are not free, or nil.
function seats.conflicts(wanted)
  local taken
  for _, row in ipairs(wanted) do
    for _, number in ipairs(row.numbers) do
      if row.text:byte(number) ~= FREE then
        taken = taken or {}
        taken[#taken + 1] = seats.id(row.section, row.row, number)
      end
    end
  end
  return taken
end

-- Count up a section's version. Its first one in this batch is remembered.
local function count_change(section)
  local version = memory.number(versions, section)
  if not versions_before[section] then versions_before[section] = version end
  memory.write(versions, section, version + 1)
end

-- Write the characters that are wanted to seats of a row, and count free places again.
--
-- `wanted` is one for all, or a table by number. With `only`, no seat is written but those that have
-- this character.
local function write(row, numbers, wanted, only)
  local text, freed, has_changed = row.text, 0, false
  for index = 1, #numbers do
    local number = numbers[index]
    local before = text:sub(number, number)
    local char = type(wanted) == "table" and wanted[number] or wanted
    if before ~= char and (not only or before == only) then
      memory.change_seat(row.section, row.row, number, char)
      freed = freed + (char == "." and 1 or 0) - (before == "." and 1 or 0)
      text, has_changed = text:sub(1, number - 1) .. char .. text:sub(number + 1), true
    end
  end
  if not has_changed then return end
  row.text = text
  count_change(row.section)
  memory.write(rows, row.section .. "/" .. row.row, text)
  if freed ~= 0 then memory.add(free, row.section, freed) end
end

-- Return by number the characters that other bookings have, and `char` for the other seats.
local function by_number(row, char, others)
  local wanted = {}
  for _, number in ipairs(row.numbers) do
    wanted[number] = others[seats.id(row.section, row.row, number)] or char
  end
  return wanted
end

-- Write one character to seats, grouped by row. Those among `others` get the character that stands
-- there. With `only`, no seat is written but those that have this character.
function seats.mark(grouped, char, others, only)
  for _, row in ipairs(grouped) do
    local wanted = others and next(others) and by_number(row, char, others) or char
    write(row, row.numbers, wanted, only)
  end
end

-- Count free places of a standing section up or down.
function seats.count_places(section, by)
  count_change(section)
  memory.add(free, section, by)
end

-- Write the characters of a row that differ from another text of it.
function seats.rewrite(section, name, text, wanted)
  local numbers, chars = {}, {}
  for number = 1, #wanted do numbers[number], chars[number] = number, wanted:sub(number, number) end
  write({ section = section, row = name, text = text }, numbers, chars)
end

-- Set the free places of a standing section.
function seats.set_free(section, places)
  count_change(section)
  memory.write(free, section, places)
end

-- Put a section into the event: { id, kind, amount, currency, free, rows }, rows as (name, text),
-- the front row first.
function seats.put(section, version)
  local id, names = section.id, {}
  for index, row in ipairs(section.rows) do
    names[index] = row[1]
    memory.write(rows, id .. "/" .. row[1], row[2])
  end
  memory.write(free, id, section.free)
  memory.write(versions, id, version)
  memory.write(row_names, id, pack(names))
  memory.write(sections, id, pack({
    kind = section.kind, amount = section.amount, currency = section.currency,
  }))
end

-- Publish the changes of this batch between two versions of a section: row, number and character of
-- each seat, one after the other.
function seats.publish_changes()
  local changes, list = {}, memory.changes_of_seats()
  for at = 1, #list, 4 do
    local of_section = changes[list[at]] or {}
    local size = #of_section
    changes[list[at]] = of_section
    of_section[size + 1], of_section[size + 2], of_section[size + 3] = list[at + 1], list[at + 2], list[at + 3]
  end
  for section, before in pairs(versions_before) do
    local version = seats.version(section)
    if version ~= before then
      publish({ news = "seats", epoch = epoch, section = section, from = before, to = version,
        changes = changes[section] or {}, free = seats.free(section) })
    end
  end
end
