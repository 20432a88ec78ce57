-- read_holds(holds) -> holds_read
--
-- Read holds, each named with its visitor, whatever their state. Those that Redis does not have
-- are left out. The time is the sale's, as that of the deadlines in them.
return function(named)
  local found = {}
  for _, one in ipairs(named) do
    local hold = holds.find(one[2], one[1])
    if hold then found[#found + 1] = hold end
  end
  return { "holds_read", found, sale_now() }
end
