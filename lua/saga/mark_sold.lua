-- mark_sold(hold, step) -> obeyed | step_passed
--
-- Mark the seats of a confirmed booking as sold, and end the pass under which they were held.
-- Postgres has claimed the seats, so they are marked even where Redis has freed them meanwhile.
-- `hold` is the whole hold, for a Redis that has lost it.
return function(given, step)
  local found, cart = holds.find(given[AT.id], given[AT.visitor])
  local hold = found or given
  if holds.is_behind(hold, step) then return reply("step_passed") end

  local had_places = holds.has_places(hold)
  if not had_places then cart[AT.taken] = cart[AT.taken] + hold[AT.quantity] end
  hold[AT.step], hold[AT.reason] = step, ""
  holds.mark(hold, "s", had_places and 0 or -1)
  holds.set_state(hold, "sold")
  holds.save_ended(cart, hold)
  local place = places.of(hold[AT.visitor])
  if place and place.number == hold[AT.number] and place.wave == hold[AT.wave] then
    places.finish(place, "purchase")
  end
  return reply("obeyed")
end
