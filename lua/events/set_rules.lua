-- set_rules(version, state, rules) -> rules_set | rules_stale
--
-- Set the event's state and rules as Postgres has them, and publish the change. A version older
-- than the one here changes nothing. The state `closed` ends every place and pass at once.
return function(command)
  if command.version < tonumber(rule("version") or -1) then return reply("rules_stale") end
  local before = rule("state")

  redis.call("HSET", key("rules"), "version", command.version, "state", command.state)
  for name, value in pairs(command.rules) do redis.call("HSET", key("rules"), name, value) end
  forget_rules()

  if command.state == "closed" and before ~= "closed" then
    redis.call("XADD", key("outbox"), "*", "kind", "closed")
    redis.call("UNLINK", key("line", LANE), key("gone", LANE), key("places"), key("active"),
      key("unclaimed"), key("late"), key("back"))
    redis.call("SET", key("head", LANE), number_at("numbers", LANE))
  end
  publish("rules_changed", { version = command.version, state = command.state })
  return reply("rules_set")
end
