-- read_seats(sections) -> seats_read
--
-- Read rows, free places and versions of the named sections; of all where none is named. A section
-- that the event does not have is left out.
local function read(id)
  local section = seats.section(id)
  if not section then return nil end
  local found = { id = id, kind = section.kind, free = seats.free(id), rows = {},
    version = tonumber(redis.call("HGET", key("version"), id) or 0) }
  if section.kind == "seated" then
    local row_names = cmsgpack.unpack(redis.call("HGET", key("row_names"), id))
    local fields = {}
    for index, row in ipairs(row_names) do fields[index] = id .. "/" .. row end
    for from = 1, #fields, LIMIT do
      local to = math.min(#fields, from + LIMIT - 1)
      for index, text in ipairs(redis.call("HMGET", key("rows"), unpack(fields, from, to))) do
        found.rows[#found.rows + 1] = { row_names[from + index - 1], text }
      end
    end
  end
  return found
end

return function(command)
  local found = {}
  local ids = #command.sections > 0 and command.sections or redis.call("HKEYS", key("sections"))
  for _, id in ipairs(ids) do found[#found + 1] = read(id) end
  return reply("seats_read", { sections = found })
end
