-- reopen_hold(hold, step, attempt) -> obeyed | step_passed | nothing_held
--
-- The card was declined and there are tries left: the hold lives on, for a minute at the least.
-- Asked again after the next checkout it does nothing.
local AT_LEAST_MS = 60000

return function(command)
  local one = hold.of(command.hold)
  if not one or not hold.has_places(one) then return answer("nothing_held") end
  if hold.is_behind(one, command.step) or one.attempt > command.attempt then
    return answer("step_passed")
  end

  one.step, one.reason = command.step, "declined"
  seats.mark(one, "h", 0, nil, ".") -- a seat that was sold over it stays sold
  hold.turn(one, "held")
  hold.set_deadline(one, math.max(one.deadline, now + AT_LEAST_MS))
  hold.keep(one)
  hold.note(one)
  return answer("obeyed")
end
