-- release_hold(visitor, hold) -> hold_released | unknown_hold | hold_over | being_paid
--
-- Give a hold back; its seats are free again at once.
return function(command)
  local one = place.of(command.visitor)
  if one then place.claim(one) end
  local found = hold.owned(command.hold, command.visitor)
  if not found then return answer("unknown_hold") end
  if found.state == "expired" then return answer("hold_over") end
  if found.state ~= "held" then return answer("being_paid") end
  hold.finish(found, "released", "cancelled")
  return answer("hold_released")
end
