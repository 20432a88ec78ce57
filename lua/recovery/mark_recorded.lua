-- mark_recorded(entry, numbers) -> marked
--
-- Postgres has everything up to this entry, and every place up to these numbers: whoever waited
-- may be told, and the outbox is trimmed. Only the record duty asks for it.
--
-- Trimming comes first: it is allowed when memory is full, and after a write that was allowed
-- Redis allows the others, too. Nothing else would ever make room again.
return function(command)
  redis.call("XTRIM", key("outbox"), "MINID", "~", command.entry)
  redis.call("SET", key("recorded"), command.entry)
  for lane, number in pairs(command.numbers) do
    if number > number_at("kept", lane) then redis.call("SET", key("kept", lane), number) end
  end
  tell("recorded", { entry = command.entry })
  return answer("marked")
end
