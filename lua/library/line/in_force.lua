-- In force: what admission goes by, told to the journal whenever it is another.
--
-- What an operator sets is in the journal once PostgreSQL has it, which is some moments before it is
-- here. So a move that may admit somebody enqueues first by what, where the last word of it was
-- another: each admission stands in the journal behind the rules that it follows.
in_force = {}
local OBSERVED, MISSED_MAX = 50, 0.5 -- turns before their misses count, and at most as this share
local SLOWED = 0.1 -- of the rate, while payments are not answered
-- A rate that misses correct changes with each of them. It is told as a bound: so much above the rate,
-- and anew once the rate is above it, or so far below.
local MARGIN, LOOSE = 1.05, 1.2
local BURST_S = 0.5 -- of unused rate that is saved up
local OF_TICK = { "in_force", "bound", "came", "missed", "tokens", "at", "told", "told_at", "turn",
  "deficits", "ticked", "journal" }

-- Return how many turns were missed lately, and of how many.
local function missed_turns()
  local missed = memory.number(bucket, "missed")
  return missed, missed + memory.number(bucket, "came")
end

-- Return the rate at which visitors are released: the rule's, divided by the share of those who
-- came when their turn was there. So as many come as the rule says, though some never do. While the
-- bank is away few are let in, since nobody leaves by having paid.
function in_force.pace()
  local missed, turns = missed_turns()
  local share = turns >= OBSERVED and missed / turns or 0
  local speed = rule("rate_per_second") / (1 - min(share, MISSED_MAX))
  return bank_is_away() and speed * SLOWED or speed, share > 0
end

local function bound_of_pace()
  local speed, is_corrected = in_force.pace()
  if not is_corrected then return speed end
  local bound = memory.number(bucket, "bound")
  return speed <= bound and bound <= speed * LOOSE and bound or speed * MARGIN
end

-- Return the weights by which lanes are admitted, and the same as text.
local function weights()
  local found, text = {}, {}
  for index, name in ipairs(line.names()) do
    found[name] = line.weight(name)
    text[index] = name .. "=" .. found[name]
  end
  return found, table.concat(text, ",")
end

-- Refill the bucket by the time since it was refilled last. Return its tokens, and the rate by which
-- it was filled. A clock that steps back never refills: the bucket waits until the stored time is
-- reached again, or begins anew at the clock's time after a step of more than 5 s; the journal is
-- told. At rate 0 nobody is let in, by what was saved up neither. Each move that tells what is in
-- force refills, since who reads the journal counts by the rate of each word, whether or not a tick
-- came before the next one.
function in_force.refill()
  local rate = in_force.pace()
  local tokens = tonumber(memory.read(bucket, "tokens") or 1)
  local at = tonumber(memory.read(bucket, "at") or now)
  local most = rate > 0 and max(1, rate * BURST_S) or 0
  tokens = min(most, tokens + rate * max(0, now - at) / 1000)
  if now < at and (memory.number(bucket, "stepped") ~= at or at - now >= 5000) then
    memory.write(bucket, "stepped", at)
    memory.enqueue(pack({ "clock", now, at - now }))
  end
  memory.write(bucket, "tokens", tokens)
  memory.write(bucket, "at", now < at and at - now < 5000 and at or now)
  return tokens, rate
end

-- Enqueue what is in force, unless that was the last word. Nothing is in force of an event that was
-- closed before there were such words.
function in_force.tell()
  memory.read_ahead(bucket, OF_TICK)
  local state, most, always = rule("state"), rule("active_max"), rule("queue_from")
  local stopped, away, bound = sale_is_stopped(), bank_is_away(), bound_of_pace()
  local lanes, text = weights()
  local before = memory.read(bucket, "in_force")
  local found = table.concat({ state, text_of(bound), text_of(rule("rate_per_second")), most, always,
    tostring(stopped), tostring(away), text }, " ")
  if found == before or state == "closed" and not before then return end
  memory.write(bucket, "in_force", found)
  memory.write(bucket, "bound", bound)
  local missed, turns = missed_turns()
  memory.enqueue(pack({ "in_force", now, { active_max = most, anew = not memory.read(bucket, "at"),
    bank_away = away, lanes = lanes, missed = missed, queue_from = always, rate = bound,
    rate_per_second = rule("rate_per_second"), state = state, stopped = stopped, turns = turns } }))
end

-- Forget what was saved up, since a key was lost: what is chosen from here on follows from nothing
-- before.
function in_force.begin_anew()
  for _, name in ipairs({ "in_force", "tokens", "at", "deficits", "turn", "came", "missed" }) do
    memory.write(bucket, name, false)
  end
end
