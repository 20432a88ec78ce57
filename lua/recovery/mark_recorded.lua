-- mark_recorded(entry, numbers) -> marked
--
-- Mark how far Postgres has the outbox, and of each lane the places up to a number; publish the
-- entry, for which callers wait, and trim the outbox. Only the record duty sends it.
return function(command)
  redis.call("SET", key("recorded"), command.entry)
  for lane, number in pairs(command.numbers) do
    if number > number_at("kept", lane) then redis.call("SET", key("kept", lane), number) end
  end
  redis.call("XTRIM", key("outbox"), "MINID", "~", command.entry)
  publish("recorded", { entry = command.entry })
  return reply("marked")
end
