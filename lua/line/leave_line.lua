-- leave_line(visitor, reason) -> left | not_in_line
--
-- Give up a place or a pass for good, by the visitor's wish or by an operator's hand. An
-- operator's hand takes the hold, too, unless it is being paid.
local function drop_hold(visitor)
  local living = hold.living(visitor)
  if not living or living.state ~= "held" then return nil end
  return hold.finish(living, "released", "removed")
end

return function(command)
  local entry = command.reason == "removed" and drop_hold(command.visitor) or nil
  local one = place.of(command.visitor)
  if one then entry = place.finish(one, command.reason) end
  return entry and answer("left", { entry = entry }) or answer("not_in_line")
end
