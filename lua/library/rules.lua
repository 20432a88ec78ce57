-- Rules of the event: its state, rates, bounds and seconds, in one version; and the sale clock.
rules = memory.hash("rules")

-- Return a rule of the event, a number but for its state and its packed lanes; nil where there is
-- none. All are read once a batch: a hold asks for twenty.
function rule(name)
  if rules.batch_number ~= batch_number or not rules.is_read then memory.read_all(rules) end
  return rules.found[name]
end

local clock, later -- the sale's time in this batch, and how much later the wall's is, once asked for

-- Let the sale's time be computed anew: the rules have changed, or a change of them has failed.
function doubt_clock() clock, later = nil, nil end

-- Write the event's state and rules, in one version.
function set_rules(version, state, values)
  doubt_clock()
  memory.write(rules, "version", version)
  memory.write(rules, "state", state)
  for name, value in pairs(values) do memory.write(rules, name, value) end
end

-- The sale clock: deadlines of places and holds are stored in sale time, which is the wall's less
-- the time for which sales stood still. So a stop rewrites no deadline, however many there are.
function sale_is_stopped() return (rule("stopped_at") or 0) > 0 end

-- Return whether the payment provider is away: the clock stands still, and the sale goes on.
function bank_is_away() return (rule("bank_away_at") or 0) > 0 end

-- Return the sale's time in ms. It stands still from `stopped_at` on, or `bank_away_at`.
function sale_now()
  if clock then return clock end
  local stopped, away = rule("stopped_at") or 0, rule("bank_away_at") or 0
  local since = stopped > 0 and away > 0 and min(stopped, away) or max(stopped, away)
  clock = (since > 0 and min(since, now) or now) - (rule("stopped_ms") or 0)
  return clock
end

-- Return a deadline of sale time as wall time: in a stop as if the sale went on when it began, so that
-- repeats are answered alike; while the bank is away, when more is given, as if it were back now.
function wall_time(deadline)
  later = later or bank_is_away() and now - sale_now() or rule("stopped_ms") or 0
  return deadline + later
end
