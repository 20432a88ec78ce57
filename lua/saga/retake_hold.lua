-- retake_hold(hold, step) -> obeyed | step_passed | seats_lost
--
-- Take the seats of a booking again whose money came late: when all of them are free still and the
-- visitor has not held anything since. `hold` is the whole hold, for a Redis that has lost it.
local function are_free(hold)
  local section = hold[AT.section]
  if section ~= "" and seats.free(section) < holds.standing(hold) then return false end
  local rows, _, unknown = seats.grouped(hold[AT.seats])
  return not unknown and not seats.conflicts(rows)
end

local function set_paying(cart, hold, step)
  hold[AT.step], hold[AT.reason] = step, ""
  holds.set_state(hold, "paying")
  holds.move_to_cart(cart, hold)
  carts.save(cart)
  return reply("obeyed")
end

return function(given, step)
  local found, cart = holds.find(given[AT.id], given[AT.visitor])
  local hold = found or given
  if holds.is_behind(hold, step) then return reply("step_passed") end
  if holds.has_places(hold) then return set_paying(cart, hold, step) end
  if holds.living(cart) or not holds.is_latest(cart, hold) or not are_free(hold) then
    hold[AT.step] = step
    holds.save(cart, hold)
    return reply("seats_lost")
  end
  holds.mark(hold, "h", -1)
  cart[AT.taken] = cart[AT.taken] + hold[AT.quantity]
  return set_paying(cart, hold, step)
end
