-- publish_booking(visitor, booking) -> published
--
-- A booking has another state in Postgres: whoever listens for its visitor reads it there.
return function(command)
  tell("booked", { visitor = command.visitor, booking = command.booking })
  return answer("published")
end
