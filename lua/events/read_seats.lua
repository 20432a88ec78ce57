-- read_seats(sections) -> seats_read
--
-- Read rows, free places and versions of the named sections; of all where none is named. A section
-- that the event does not have is left out.
local function read(id)
  local section = seats.section(id)
  if not section then return nil end
  local found = { id = id, kind = section.kind, free = seats.free(id), rows = {},
    version = seats.version(id) }
  if section.kind == "seated" then
    local row_names, fields = seats.names_of_rows(id), {}
    for index, row in ipairs(row_names) do fields[index] = id .. "/" .. row end
    seats.read_ahead(fields)
    for index, row in ipairs(row_names) do found.rows[index] = { row, seats.row(id, row) } end
  end
  return found
end

return function(named)
  local found = {}
  local ids = #named > 0 and named or seats.ids()
  for _, id in ipairs(ids) do found[#found + 1] = read(id) end
  return { "seats_read", found }
end
