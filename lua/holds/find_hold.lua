-- find_hold(visitor, hold) -> held | unknown_hold | hold_over
--
-- A living hold of a visitor, by its id, or whichever is in the cart when no id is given.
return function(command)
  local id = command.hold
  if id == "" then
    local living = hold.living(command.visitor)
    return living and hold.tell(living) or answer("unknown_hold")
  end
  place.hear(command.visitor)
  local found = hold.owned(id, command.visitor)
  if not found or found.state == "sold" then return answer("unknown_hold") end
  if found.state == "expired" then return answer("hold_over") end
  return hold.tell(found)
end
