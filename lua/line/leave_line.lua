-- leave_line(visitor, reason, by) -> left | not_in_line
--
-- End a place or a pass for good, for the visitor or for an operator. The reason `removed`, an
-- operator's, releases the visitor's hold, too, unless it is being paid; the outbox entry names who.
-- The reply has the place as it was, with what was left of its times, for who puts it back.
local function as_it_was(place)
  return place and { place.visitor, place.state, place.number, place.joined, place.wave,
    place.admitted, place.claim - sale_now(), place.deadline - sale_now(),
    place.lane, place.code, place.index, place.window }
end

local function release_hold(visitor)
  local cart = carts.of(visitor)
  local hold = holds.living(cart)
  if not hold or hold[AT.state] ~= "held" then return false end
  holds.finish(cart, hold, "released", "removed")
  return true
end

return function(visitor, reason, by)
  local is_released = reason == "removed" and release_hold(visitor)
  local place = places.of(visitor)
  local was = as_it_was(place)
  if place then places.finish(place, reason, by) end
  if not place and not is_released then return reply("not_in_line") end
  local left = { "left", "", was }
  memory.with_entry(function(entry) left[2] = entry end)
  return left
end
