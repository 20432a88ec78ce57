-- set_rules(version, state, rules) -> rules_set | rules_stale
--
-- What an operator decided, as Postgres has it: the event's state and its rules. An older
-- version than the one that is here changes nothing. Closing ends every place and pass at once.
return function(command)
  if command.version < tonumber(rule("version") or -1) then return answer("rules_stale") end
  local had = rule("state")

  redis.call("HSET", key("rules"), "version", command.version, "state", command.state)
  for name, value in pairs(command.rules) do redis.call("HSET", key("rules"), name, value) end
  forget_rules()

  if command.state == "closed" and had ~= "closed" then
    redis.call("XADD", key("outbox"), "*", "kind", "closed")
    redis.call("UNLINK", key("line", LANE), key("gone", LANE), key("places"), key("active"),
      key("unclaimed"), key("late"), key("back"))
    redis.call("SET", key("head", LANE), number_at("numbers", LANE))
  end
  tell("rules_changed", { version = command.version, state = command.state })
  return answer("rules_set")
end
