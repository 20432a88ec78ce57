-- find_hold(visitor, hold) -> held | unknown_hold | hold_over
--
-- Read a visitor's hold by its id; without an id, the one in their cart.
return function(visitor, id)
  if id == "" then
    local living = holds.living(carts.of(visitor))
    return living and holds.reply(pack(living)) or reply("unknown_hold")
  end
  places.touch(visitor)
  local hold = holds.owned(id, visitor)
  if not hold or hold[AT.state] == "sold" then return reply("unknown_hold") end
  if hold[AT.state] == "expired" then return reply("hold_over") end
  return holds.reply(pack(hold))
end
