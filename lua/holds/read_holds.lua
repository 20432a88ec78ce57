-- read_holds(holds) -> holds_read
--
-- Read holds as they are packed, whatever their state. Ids that Redis does not have are left out.
return function(command)
  local found = {}
  for _, id in ipairs(command.holds) do found[#found + 1] = holds.of(id) end
  return reply("holds_read", { holds = found, now_ms = now })
end
