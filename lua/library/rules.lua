-- Rules of the event: its state, rates, bounds and seconds, in one version.
local stored_rules = memory.hash("rules")
local rules, rules_batch -- read once a batch: a hold reads five of them

-- Return a rule of the event, a number but for its state.
local function rule(name)
  if rules_batch ~= batch_number then
    local found, read = call("HGETALL", memory.key(stored_rules)), {}
    for index = 1, #found, 2 do read[found[index]] = tonumber(found[index + 1]) or found[index + 1] end
    rules, rules_batch = read, batch_number
  end
  local value = memory.known(stored_rules, name)
  if value ~= nil then return value end
  return rules[name]
end

-- Write the event's state and rules, in one version.
local function set_rules(command)
  memory.write(stored_rules, "version", command.version)
  memory.write(stored_rules, "state", command.state)
  for name, value in pairs(command.rules) do memory.write(stored_rules, name, value) end
end
