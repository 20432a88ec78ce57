-- leave_line(visitor, reason) -> left | not_in_line
--
-- End a place or a pass for good, for the visitor or for an operator. The reason `removed`, an
-- operator's, releases the visitor's hold, too, unless it is being paid.
local function release_hold(visitor)
  local hold = holds.living(visitor)
  if not hold or hold.state ~= "held" then return nil end
  return holds.finish(hold, "released", "removed")
end

return function(command)
  local entry = command.reason == "removed" and release_hold(command.visitor) or nil
  local place = places.of(command.visitor)
  if place then entry = places.finish(place, command.reason) end
  return entry and reply("left", { entry = entry }) or reply("not_in_line")
end
