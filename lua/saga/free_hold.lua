-- free_hold(hold, step, state, reason, others) -> obeyed | step_passed | nothing_held
--
-- Postgres has let a booking's seats go: they are free, except `others`, which other bookings
-- claim and which are written as their claims say.
return function(command)
  local one = hold.of(command.hold)
  if not one then return answer("nothing_held") end
  if hold.is_behind(one, command.step) then return answer("step_passed") end

  one.step = command.step
  if not hold.has_places(one) then
    redis.call("SET", key("hold", one.id), cmsgpack.pack(one), "KEEPTTL")
    return answer("nothing_held")
  end
  hold.stop_clock(one)
  seats.mark(one, ".", 1, command.others)
  hold.forget(one, command.state, command.reason)
  return answer("obeyed")
end
