-- load_event(version, state, rules, numbers, head, stats) -> loaded | epoch_passed
--
-- Load the event's rules, counters and figures as Postgres has them, in the recovery. Postgres has
-- the place of every number that was given, so `kept` is the last of them.
return function(command)
  if not loading() then return reply("epoch_passed", { number = found_epoch() }) end
  redis.call("HSET", key("rules"), "version", command.version, "state", command.state)
  for name, value in pairs(command.rules) do redis.call("HSET", key("rules"), name, value) end
  forget_rules()
  for name, value in pairs(command.stats) do redis.call("HSET", key("stats"), name, value) end
  for lane, number in pairs(command.numbers) do
    redis.call("SET", key("numbers", lane), number)
    redis.call("SET", key("kept", lane), number)
    redis.call("SET", key("head", lane), command.head[lane])
  end
  return reply("loaded")
end
