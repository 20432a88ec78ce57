-- retake_hold(hold, step) -> obeyed | step_passed | seats_lost
--
-- Money came for a booking whose seats were let go, or are about to be: take them again, if all
-- are free still and the visitor has not held anything since. `hold` is the whole hold, for one
-- that Redis has forgotten.
local function are_free(one)
  if one.section ~= "" then return seats.free(one.section) >= one.quantity end
  local rows, unknown = seats.grouped(one.seats)
  return #unknown == 0 and #seats.conflicts(rows) == 0
end

local function pay(one, step)
  one.step, one.reason = step, ""
  hold.turn(one, "paying")
  hold.keep(one)
  return answer("obeyed")
end

return function(command)
  local one = hold.of(command.hold.id) or command.hold
  if hold.is_behind(one, command.step) then return answer("step_passed") end
  if hold.has_places(one) then
    hold.stop_clock(one)
    return pay(one, command.step)
  end
  if hold.living(one.visitor) or not hold.is_latest(one) or not are_free(one) then
    one.step = command.step
    hold.keep(one)
    redis.call("PEXPIRE", key("hold", one.id), hold.KEPT_MS)
    return answer("seats_lost")
  end
  seats.mark(one, "h", -1)
  hold.put_in_cart(one)
  return pay(one, command.step)
end
