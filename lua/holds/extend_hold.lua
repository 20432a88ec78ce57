-- extend_hold(visitor, hold) -> held | unknown_hold | hold_over | being_paid | extensions_used_up
--
-- Let a hold end hold_seconds from now, one extension fewer. Asked again within ten seconds it
-- is a repeat.
local REPEAT_MS = 10000

return function(command)
  place.hear(command.visitor)
  local found, refusal = hold.held(command.hold, command.visitor)
  if not found then return refusal end
  if found.extended > 0 and now - found.extended < REPEAT_MS then return hold.tell(found) end
  if found.left <= 0 then return answer("extensions_used_up") end

  found.left, found.extended = found.left - 1, now
  hold.set_deadline(found, now + rule("hold_seconds") * 1000)
  hold.keep(found)
  hold.note(found)
  return hold.tell(found)
end
