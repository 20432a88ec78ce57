-- claim_pass(visitor, connecting) -> waiting | lobby | admitted | late | not_in_line
--
-- Confirm a visitor's presence: keep a pass in its claim window, give a missed turn back. With
-- `connecting` also count up the event's sockets and publish the new one's number, so that every
-- process knows which of a visitor's sockets is the newest.
return function(command)
  local place = places.mark_seen(command.visitor)
  local state = place and places.reply(place) or reply("not_in_line")
  state.has_held = carts.has_held(command.visitor)
  if command.connecting then
    state.connection = memory.add(stats, "connects", 1)
    publish({ news = "connected", epoch = epoch, visitor = command.visitor,
      connection = state.connection })
  end
  return state
end
