-- set_rules(version, state, rules, lanes) -> rules_set | rules_stale
--
-- Set the event's state, rules and lanes as Postgres has them, and publish the change. A version older
-- than the one here changes nothing. The state `closed` ends every place and pass at once.
return function(version, state, values, lanes)
  if version < (rule("version") or -1) then return reply("rules_stale") end
  local before = rule("state")
  set_rules(version, state, values)
  if next(lanes) then line.set_weights(lanes) end
  if state == "closed" and before ~= "closed" then places.end_all() end
  publish({ news = "rules_changed", epoch = epoch, version = version, state = state })
  return reply("rules_set")
end
