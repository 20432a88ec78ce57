-- mark_sold(hold, step) -> obeyed | step_passed
--
-- Mark the seats of a confirmed booking as sold, and end the pass under which they were held.
-- Postgres has claimed the seats, so they are marked even where Redis has freed them meanwhile.
-- `hold` is the whole hold, for a Redis that has lost it.
return function(command)
  local hold = holds.of(command.hold.id) or command.hold
  if holds.is_behind(hold, command.step) then return reply("step_passed") end

  local had_places = holds.has_places(hold)
  if not had_places then redis.call("HINCRBY", key("taken"), hold.visitor, hold.quantity) end
  hold.step, hold.reason = command.step, ""
  holds.stop_clock(hold)
  seats.mark(hold, "s", had_places and 0 or -1)
  holds.set_state(hold, "sold")
  holds.take_out_of_cart(hold)
  holds.save(hold)
  local place = places.of(hold.visitor)
  if place and place.number == hold.number and (place.wave or 0) == hold.wave then
    places.finish(place, "purchase")
  end
  return reply("obeyed")
end
