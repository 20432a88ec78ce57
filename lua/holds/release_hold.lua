-- release_hold(visitor, hold) -> hold_released | unknown_hold | hold_over | being_paid
--
-- End a hold for its visitor. Its seats are free at once.
return function(command)
  places.mark_seen(command.visitor)
  local hold, refusal = holds.held(command.hold, command.visitor)
  if not hold then return refusal end
  holds.finish(hold, "released", "cancelled")
  return reply("hold_released")
end
