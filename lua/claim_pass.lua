-- claim_pass(visitor, connecting) -> waiting | admitted | late | not_in_line
--
-- "I am here": a pass in its claim window is kept, a missed turn is given back. A new socket gets
-- the next order of its event, so that every process knows which of a visitor's is the newest.
return function(command)
  local order
  if command.connecting then
    order = redis.call("HINCRBY", key("stats"), "connects", 1)
    tell("connected", { visitor = command.visitor, order = order })
  end
  local one = place.of(command.visitor)
  if not one then return answer("not_in_line", { order = order }) end
  place.claim(one)
  local stands = place.tell(one)
  stands.order = order
  return stands
end
