-- claim_pass(visitor, connecting) -> waiting | admitted | late | not_in_line
--
-- "I am here": a pass in its claim window is kept, a missed turn is given back. A new socket gets
-- the next order of its event, so that every process knows which of a visitor's is the newest.
return function(command)
  local one = place.hear(command.visitor)
  local stands = one and place.tell(one) or answer("not_in_line")
  stands.has_held = redis.call("EXISTS", key("keys", command.visitor)) == 1
  if command.connecting then
    stands.connection = redis.call("HINCRBY", key("stats"), "connects", 1)
    tell("connected", { visitor = command.visitor, connection = stands.connection })
  end
  return stands
end
