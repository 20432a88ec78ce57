-- release_hold(visitor, hold) -> hold_released | unknown_hold | hold_over | being_paid
--
-- Give a hold back; its seats are free again at once.
return function(command)
  place.hear(command.visitor)
  local found, refusal = hold.held(command.hold, command.visitor)
  if not found then return refusal end
  hold.finish(found, "released", "cancelled")
  return answer("hold_released")
end
