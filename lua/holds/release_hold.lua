-- release_hold(visitor, hold) -> hold_released | unknown_hold | hold_over | being_paid
--
-- End a hold for its visitor. Its seats are free at once.
return function(visitor, id)
  places.touch(visitor)
  local hold, other = holds.held(id, visitor)
  if not hold then return other end
  holds.finish(other, hold, "released", "cancelled")
  return reply("hold_released")
end
