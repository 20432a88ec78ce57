-- set_rules(version, state, rules, lanes) -> rules_set | rules_stale
--
-- Set the event's state, rules and lanes as Postgres has them, and publish the change. A version older
-- than the one here changes nothing. The state `closed` ends every place and pass at once.
return function(command)
  if command.version < (rule("version") or -1) then return reply("rules_stale") end
  local before = rule("state")
  set_rules(command)
  if next(command.lanes) then line.set_weights(command.lanes) end
  if command.state == "closed" and before ~= "closed" then places.end_all() end
  publish({ news = "rules_changed", epoch = epoch, version = command.version, state = command.state })
  return reply("rules_set")
end
