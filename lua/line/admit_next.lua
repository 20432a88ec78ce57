-- admit_next() -> advanced
--
-- One beat of an event: lapsed passes, missed turns and holds whose time is over go, who is next
-- comes in, and every process hears one tick. The token bucket and the active count are read
-- and written here, so
-- any number of tend duties may run and none admits too many.
local BEAT_MS = 90 -- two tend duties still tell less than one tick in 90 ms
local BURST_S = 0.5 -- what an unused rate may save up

local function due(name) return redis.call("ZRANGEBYSCORE", key(name), "-inf", now, "LIMIT", 0, LIMIT) end

local function finish(visitors, reason)
  for _, visitor in ipairs(visitors) do
    local one = place.of_member(visitor)
    if one then place.finish(one, reason) end
  end
  return #visitors
end

-- Who was not heard of in time waits on the late list, as long and as many as the rules say.
local function miss(visitors)
  local most, until_ms = tonumber(rule("late_max")), now + rule("late_seconds") * 1000
  for _, visitor in ipairs(visitors) do
    local one = place.of_member(visitor)
    if one and until_ms > now and redis.call("ZCARD", key("late")) < most then
      redis.call("ZREM", key("active"), visitor)
      redis.call("ZREM", key("unclaimed"), visitor)
      redis.call("ZADD", key("late"), until_ms, visitor)
      place.note(one, "late", "missed", until_ms)
      tell("gone", { visitor = visitor, reason = "missed", lane = LANE, number = 0,
        head = number_at("head", LANE) })
    elseif one then
      place.finish(one, "late_over")
    end
  end
  return #visitors
end

-- Seats whose time is over are free again; a hold that is being paid is never among them.
local function expire_holds()
  local over = due("holds")
  for _, id in ipairs(over) do
    local one = hold.of(id)
    if one and one.state == "held" then
      hold.finish(one, "expired", "expired")
    else
      hold.stop_clock({ id = id })
    end
  end
  return #over
end

local function warn_holders()
  for _, id in ipairs(due("warnings")) do
    redis.call("ZREM", key("warnings"), id)
    local one = hold.of(id)
    local seconds = one and math.ceil((one.deadline - now) / 1000) or 0
    if seconds > 0 then
      tell("ending", { visitor = one.visitor, hold = id, seconds = seconds })
    end
  end
end

local function drop_lapsed()
  return finish(due("active"), "pass_over") + miss(due("unclaimed"))
    + finish(due("late"), "late_over") + expire_holds()
end

-- Tokens since the last beat. A clock that steps back never refills: it waits until the old
-- hour is reached again, or starts afresh when the step is too great to wait for.
local function refill(rate)
  local had = redis.call("HMGET", key("bucket"), "tokens", "at")
  local tokens, at = tonumber(had[1] or 1), tonumber(had[2] or now)
  local most = math.max(1, rate * BURST_S)
  tokens = math.min(most, tokens + rate * math.max(0, now - at) / 1000)
  if now < at and at - now < 5000 then return tokens, at end
  return tokens, now
end

-- Who comes in: the line by number, and every second slot who is back from a missed turn.
local function next_ones(slots)
  local kept = number_at("kept", LANE)
  local front = redis.call("ZRANGEBYSCORE", key("line", LANE), "-inf", kept, "LIMIT", 0, slots)
  local back = redis.call("ZRANGE", key("back"), 0, slots - 1)
  local turn, chosen, f, b = redis.call("HGET", key("bucket"), "turn"), {}, 1, 1
  while #chosen < slots and (front[f] or back[b]) do
    if back[b] and (turn ~= "back" or not front[f]) then
      chosen[#chosen + 1], turn, b = back[b], "back", b + 1
    else
      chosen[#chosen + 1], turn, f = front[f], "line", f + 1
    end
  end
  if turn then redis.call("HSET", key("bucket"), "turn", turn) end
  return chosen
end

local function admit()
  local state = rule("state")
  local tokens, at = refill(tonumber(rule("rate_per_second")))
  local active = redis.call("ZCARD", key("active"))
  local free = tonumber(rule("active_max")) - active
  local wanted = math.max(math.floor(tokens), tonumber(rule("queue_from")) - active)
  local slots = (state == "open" or state == "draining") and math.min(LIMIT, free, wanted) or 0
  local chosen = slots > 0 and next_ones(slots) or {}
  if #chosen > 0 then
    local wave = redis.call("HINCRBY", key("stats"), "wave", 1)
    for _, visitor in ipairs(chosen) do
      local one = place.of_member(visitor)
      if one then place.admit(one, wave) end
    end
  end
  redis.call("HSET", key("bucket"), "tokens", math.max(0, tokens - #chosen), "at", at)
  return #chosen
end

local function tick(moved)
  local told = tonumber(redis.call("HGET", key("bucket"), "ticked") or 0)
  if not moved and now - told < BEAT_MS and now >= told then return end
  redis.call("HSET", key("bucket"), "ticked", now)
  local had = redis.call("HMGET", key("rules"), "state", "version", "rate_per_second", "active_max")
  tell("tick", {
    at = now, state = had[1], version = tonumber(had[2]), rate = tonumber(had[3]),
    active_max = tonumber(had[4]), active = redis.call("ZCARD", key("active")),
    admitted = tonumber(redis.call("HGET", key("stats"), "admitted") or 0),
    recorded = redis.call("GET", key("recorded")) or "0-0",
    lanes = { [LANE] = {
      head = number_at("head", LANE), gone = redis.call("ZCARD", key("gone", LANE)),
      waiting = redis.call("ZCARD", key("line", LANE)),
    } },
  })
end

return function()
  local dropped = drop_lapsed()
  warn_holders()
  local admitted = admit()
  tick(admitted > 0)
  local idle = redis.call("ZCARD", key("line", LANE)) == 0 and redis.call("EXISTS",
    key("active"), key("late"), key("back"), key("holds")) == 0
  return answer("advanced", { admitted = admitted, dropped = dropped, idle = idle })
end
