-- admit_visitor(visitor, reason) -> admitted | not_in_line | line_closed | sale_is_stopped
--
-- Admit one visitor out of turn, even beyond active_max, for an operator. The outbox entry carries
-- the operator's reason. A visitor who is admitted already keeps the pass as it is.
return function(visitor, reason)
  in_force.tell()
  in_force.refill()
  if rule("state") == "closed" then return reply("line_closed") end
  local place = places.of(visitor)
  if not place then return reply("not_in_line") end

  if not places.is_active(place) then
    if sale_is_stopped() then return reply("sale_is_stopped") end
    if place.turn then place = releases.give(place) end
    places.admit(place, memory.add(stats, "wave", 1), reason)
  end
  return places.reply(place)
end
