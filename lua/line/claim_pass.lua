-- claim_pass(visitor, connecting, asks_held) -> waiting | lobby | admitted | late | not_in_line
--
-- Confirm a visitor's presence: keep a pass in its claim window, give a missed turn back. With
-- `connecting` also count up the event's sockets and publish the new one's number, so that every
-- process knows which of a visitor's sockets is the newest. Whether they have held is looked up where
-- it is asked for: their cart is not needed otherwise.
return function(visitor, connecting, asks_held)
  local place, connection = places.mark_seen(visitor), 0
  if connecting then
    connection = memory.add(stats, "connects", 1)
    publish({ news = "connected", epoch = epoch, visitor = visitor, connection = connection })
  end
  local has_held = asks_held and carts.has_held(visitor)
  if not place then return { "not_in_line", connection, has_held } end
  local answer = places.reply(place)
  answer[IN_REPLY.connection], answer[IN_REPLY.has_held] = connection, has_held
  return answer
end
