-- mark_sold(hold, step) -> obeyed | step_passed | nothing_held
--
-- The booking is confirmed: its seats are sold, and the pass under which they were held ends.
return function(command)
  local one = hold.of(command.hold)
  if not one or not hold.has_places(one) then return answer("nothing_held") end
  if hold.is_behind(one, command.step) then return answer("step_passed") end

  one.step, one.reason = command.step, ""
  hold.stop_clock(one)
  seats.mark(one, "s", 0)
  hold.turn(one, "sold")
  hold.take_out_of_cart(one)
  hold.keep(one)
  local spent = place.of(one.visitor)
  if spent and spent.number == one.number and (spent.wave or 0) == one.wave then
    place.finish(spent, "purchase")
  end
  return answer("obeyed")
end
