-- publish_booking(visitor, booking) -> published
--
-- Publish that a booking has another state in Postgres. A process with subscribers of the visitor
-- reads the state there.
return function(visitor, booking)
  publish({ news = "booked", epoch = epoch, visitor = visitor, booking = booking })
  return reply("published")
end
