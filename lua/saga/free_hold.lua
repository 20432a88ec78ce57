-- free_hold(visitor, hold, step, state, reason, others) -> obeyed | step_passed | nothing_held
--
-- Free the seats of a booking that has ended in Postgres, except `others`: other bookings have
-- these, and each gets its character there. No seat is written but those that this hold marks.
return function(visitor, id, step, state, reason, others)
  local hold, cart = holds.find(id, visitor)
  if not hold then return reply("nothing_held") end
  if holds.is_behind(hold, step) then return reply("step_passed") end

  hold[AT.step] = step
  if not holds.has_places(hold) then
    holds.save(cart, hold)
    return reply("nothing_held")
  end
  holds.mark(hold, ".", 1, others, hold[AT.state] == "sold" and "s" or "h")
  holds.close(cart, hold, state, reason)
  return reply("obeyed")
end
