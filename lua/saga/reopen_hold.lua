-- reopen_hold(visitor, hold, step, attempt) -> obeyed | step_passed | nothing_held
--
-- Turn a hold whose payment was declined into a held one again, for a minute at least. An order
-- that comes after the next checkout changes nothing: its attempt is older.
local AT_LEAST_MS = 60000

return function(visitor, id, step, attempt)
  local hold, cart = holds.find(id, visitor)
  if not hold or not holds.has_places(hold) then return reply("nothing_held") end
  if holds.is_behind(hold, step) or hold[AT.attempt] > attempt then
    return reply("step_passed")
  end

  hold[AT.step], hold[AT.reason] = step, "declined"
  holds.mark(hold, "h", 0, nil, ".") -- a seat that was sold over it stays sold
  holds.set_state(hold, "held")
  holds.move_to_cart(cart, hold)
  holds.set_deadline(cart, max(hold[AT.deadline], sale_now() + AT_LEAST_MS))
  holds.enqueue(carts.save(cart))
  return reply("obeyed")
end
