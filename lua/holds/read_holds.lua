-- read_holds(holds) -> holds_read
--
-- Read holds, each named with its visitor, whatever their state. Those that Redis does not have
-- are left out. The time is the sale's, as that of the deadlines in them.
return function(command)
  local found = {}
  for _, named in ipairs(command.holds) do
    local hold = holds.find(named[2], named[1])
    if hold then found[#found + 1] = hold end
  end
  return reply("holds_read", { holds = found, now_ms = sale_now() })
end
