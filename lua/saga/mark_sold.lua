-- mark_sold(hold, step) -> obeyed | step_passed
--
-- The booking is confirmed: its seats are sold, and the pass under which they were held ends.
-- Postgres has claimed them, so they are taken even where Redis has let them go meanwhile; `hold`
-- is the whole hold, for one that it has forgotten.
return function(command)
  local one = hold.of(command.hold.id) or command.hold
  if hold.is_behind(one, command.step) then return answer("step_passed") end

  local had = hold.has_places(one)
  if not had then redis.call("HINCRBY", key("taken"), one.visitor, one.quantity) end
  one.step, one.reason = command.step, ""
  hold.stop_clock(one)
  seats.mark(one, "s", had and 0 or -1)
  hold.turn(one, "sold")
  hold.take_out_of_cart(one)
  hold.keep(one)
  local spent = place.of(one.visitor)
  if spent and spent.number == one.number and (spent.wave or 0) == one.wave then
    place.finish(spent, "purchase")
  end
  return answer("obeyed")
end
