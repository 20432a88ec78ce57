-- admit_next() -> advanced
--
-- One tick of an event: expire passes, missed turns and holds; admit the next visitors by rate
-- and capacity; publish the event's state. Bucket and active count are read and written here, so
-- any number of tend duties may run and none admits too many.
local TICK_MS = 90 -- between two published ticks, however many tend duties run
local BURST_S = 0.5 -- of unused rate that is saved up

local function due(name)
  return redis.call("ZRANGEBYSCORE", key(name), "-inf", now, "LIMIT", 0, LIMIT)
end

local function finish_all(visitors, reason)
  for _, visitor in ipairs(visitors) do
    local place = places.of_member(visitor)
    if place then places.finish(place, reason) end
  end
  return #visitors
end

-- Move visitors who were not seen in time to the late list, as many and as long as the rules say;
-- end the places of the others.
local function miss(visitors)
  local most, until_ms = tonumber(rule("late_max")), now + rule("late_seconds") * 1000
  for _, visitor in ipairs(visitors) do
    local place = places.of_member(visitor)
    if place and until_ms > now and redis.call("ZCARD", key("late")) < most then
      redis.call("ZREM", key("active"), visitor)
      redis.call("ZREM", key("unclaimed"), visitor)
      redis.call("ZADD", key("late"), until_ms, visitor)
      places.enqueue(place, "late", "missed", until_ms)
      publish("gone", { visitor = visitor, reason = "missed", lane = LANE, number = 0,
        head = number_at("head", LANE) })
    elseif place then
      places.finish(place, "late_over")
    end
  end
  return #visitors
end

-- Expire holds that are due. One that is being paid is never among them.
local function expire_holds()
  local ids = due("holds")
  for _, id in ipairs(ids) do
    local hold = holds.of(id)
    if hold and hold.state == "held" then
      holds.finish(hold, "expired", "expired")
    else
      holds.stop_clock({ id = id })
    end
  end
  return #ids
end

local function publish_warnings()
  for _, id in ipairs(due("warnings")) do
    redis.call("ZREM", key("warnings"), id)
    local hold = holds.of(id)
    local seconds = hold and math.ceil((hold.deadline - now) / 1000) or 0
    if seconds > 0 then
      publish("ending", { visitor = hold.visitor, hold = id, seconds = seconds })
    end
  end
end

local function expire_due()
  return finish_all(due("active"), "pass_over") + miss(due("unclaimed"))
    + finish_all(due("late"), "late_over") + expire_holds()
end

-- Refill the bucket by the time since the last tick. Return its tokens, and the time to store. A
-- clock that steps back never refills: the bucket waits until the stored time is reached again, or
-- begins anew at the clock's time after a step of more than 5 s.
local function refill(rate)
  local bucket = redis.call("HMGET", key("bucket"), "tokens", "at")
  local tokens, at = tonumber(bucket[1] or 1), tonumber(bucket[2] or now)
  local most = math.max(1, rate * BURST_S)
  tokens = math.min(most, tokens + rate * math.max(0, now - at) / 1000)
  if now < at and at - now < 5000 then return tokens, at end
  return tokens, now
end

-- Choose whom to admit: the line by number, and for every second slot the back list.
local function choose_next(slots)
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
  local chosen = slots > 0 and choose_next(slots) or {}
  if #chosen > 0 then
    local wave = redis.call("HINCRBY", key("stats"), "wave", 1)
    for _, visitor in ipairs(chosen) do
      local place = places.of_member(visitor)
      if place then places.admit(place, wave) end
    end
  end
  redis.call("HSET", key("bucket"), "tokens", math.max(0, tokens - #chosen), "at", at)
  return #chosen
end

-- Publish the event's state, at most once in TICK_MS unless somebody was admitted.
local function publish_tick(anyway)
  local published_at = tonumber(redis.call("HGET", key("bucket"), "ticked") or 0)
  if not anyway and now - published_at < TICK_MS and now >= published_at then return end
  redis.call("HSET", key("bucket"), "ticked", now)
  publish("tick", {
    at = now, state = rule("state"), version = tonumber(rule("version")),
    rate = tonumber(rule("rate_per_second")), active_max = tonumber(rule("active_max")),
    active = redis.call("ZCARD", key("active")),
    admitted = tonumber(redis.call("HGET", key("stats"), "admitted") or 0),
    recorded = redis.call("GET", key("recorded")) or "0-0",
    lanes = { [LANE] = {
      head = number_at("head", LANE), gone = redis.call("ZCARD", key("gone", LANE)),
      waiting = redis.call("ZCARD", key("line", LANE)),
    } },
  })
end

return function()
  local dropped = expire_due()
  publish_warnings()
  local admitted = admit()
  publish_tick(admitted > 0)
  local idle = redis.call("ZCARD", key("line", LANE)) == 0 and redis.call("EXISTS",
    key("active"), key("late"), key("back"), key("holds")) == 0
  return reply("advanced", { admitted = admitted, dropped = dropped, idle = idle })
end
