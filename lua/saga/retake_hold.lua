-- retake_hold(hold, step) -> obeyed | step_passed | seats_lost
--
-- Take the seats of a booking again whose money came late: when all of them are free still and the
-- visitor has not held anything since. `hold` is the whole hold, for a Redis that has lost it.
local function are_free(hold)
  if hold.section ~= "" then return seats.free(hold.section) >= hold.quantity end
  local rows, unknown = seats.grouped(hold.seats)
  return #unknown == 0 and #seats.conflicts(rows) == 0
end

local function set_paying(cart, hold, step)
  hold.step, hold.reason = step, ""
  holds.set_state(hold, "paying")
  holds.move_to_cart(cart, hold)
  carts.save(cart)
  return reply("obeyed")
end

return function(command)
  local given = holds.of_array(command.hold)
  local found, cart = holds.find(given.id, given.visitor)
  local hold = found or given
  if holds.is_behind(hold, command.step) then return reply("step_passed") end
  if holds.has_places(hold) then return set_paying(cart, hold, command.step) end
  if holds.living(cart) or not holds.is_latest(hold) or not are_free(hold) then
    hold.step = command.step
    holds.save_apart(hold)
    return reply("seats_lost")
  end
  seats.mark(hold, "h", -1)
  cart.taken = cart.taken + hold.quantity
  return set_paying(cart, hold, command.step)
end
