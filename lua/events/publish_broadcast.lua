-- publish_broadcast(message) -> published
--
-- Publish an operator's broadcast to every process. Postgres has it for who connects later.
return function(message)
  publish({ news = "broadcast", epoch = epoch, message = message })
  return reply("published")
end
