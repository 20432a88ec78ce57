-- publish_booking(visitor, booking) -> published
--
-- Publish that a booking has another state in Postgres. A process with subscribers of the visitor
-- reads the state there.
return function(command)
  publish({ news = "booked", epoch = epoch, visitor = command.visitor, booking = command.booking })
  return reply("published")
end
