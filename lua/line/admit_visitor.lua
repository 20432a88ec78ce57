-- admit_visitor(visitor, reason) -> admitted | not_in_line | line_closed
--
-- Admit one visitor out of turn, even beyond active_max, for an operator. The outbox entry carries
-- the operator's reason. A visitor who is admitted already keeps the pass as it is.
return function(command)
  if rule("state") == "closed" then return reply("line_closed") end
  local place = places.of(command.visitor)
  if not place then return reply("not_in_line") end

  if not places.is_active(place) then
    places.admit(place, memory.add(stats, "wave", 1), command.reason)
  end
  return places.reply(place)
end
