-- Rules of the event: its state, rates, bounds and seconds, in one version.
local rules = memory.hash("rules")

-- Return a rule of the event, a number but for its state and its packed lanes; false where there is
-- none.
local function rule(name)
  memory.read_all(rules) -- a hold reads five of them
  return memory.read(rules, name)
end

-- Write the event's state and rules, in one version.
local function set_rules(command)
  memory.write(rules, "version", command.version)
  memory.write(rules, "state", command.state)
  for name, value in pairs(command.rules) do memory.write(rules, name, value) end
end
