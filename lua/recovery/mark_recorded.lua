-- mark_recorded(entry, numbers) -> marked
--
-- Mark how far Postgres has the outbox, and of each lane the places up to a number; trim the
-- outbox, and publish the entry, for which callers wait. Only the record duty sends it.
--
-- Trimming comes first: it is allowed when memory is full, and after a write that was allowed
-- Redis allows the others, too. Nothing else would ever make room again.
return function(command)
  redis.call("XTRIM", key("outbox"), "MINID", "~", command.entry)
  redis.call("SET", key("recorded"), command.entry)
  for lane, number in pairs(command.numbers) do
    if number > number_at("kept", lane) then redis.call("SET", key("kept", lane), number) end
  end
  publish("recorded", { entry = command.entry })
  return reply("marked")
end
