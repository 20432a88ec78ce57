-- mark_recorded(entry, numbers) -> marked
--
-- Postgres has everything up to this entry, and every place up to these numbers: whoever waited
-- may be told, and the outbox is trimmed. Only the record duty asks for it.
return function(command)
  redis.call("SET", key("recorded"), command.entry)
  for lane, number in pairs(command.numbers) do
    if number > number_at("kept", lane) then redis.call("SET", key("kept", lane), number) end
  end
  redis.call("XTRIM", key("outbox"), "MINID", "~", command.entry)
  tell("recorded", { entry = command.entry })
  return answer("marked")
end
