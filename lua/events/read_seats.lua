-- read_seats(sections) -> seats_read
--
-- Rows, free places and versions of these sections, all of them when none is named.
local function read(id, shown)
  local section = seats.section(id)
  if not section then return end
  local one = { id = id, kind = section.kind, free = seats.free(id), rows = {},
    version = tonumber(redis.call("HGET", key("version"), id) or 0) }
  if section.kind == "seated" then
    local order = cmsgpack.unpack(redis.call("HGET", key("order"), id))
    local names = {}
    for index, row in ipairs(order) do names[index] = id .. "/" .. row end
    for from = 1, #names, LIMIT do
      local to = math.min(#names, from + LIMIT - 1)
      for index, text in ipairs(redis.call("HMGET", key("rows"), unpack(names, from, to))) do
        one.rows[#one.rows + 1] = { order[from + index - 1], text }
      end
    end
  end
  shown[#shown + 1] = one
end

return function(command)
  local shown = {}
  local wanted = #command.sections > 0 and command.sections or redis.call("HKEYS", key("sections"))
  for _, id in ipairs(wanted) do read(id, shown) end
  return answer("seats_read", { sections = shown })
end
