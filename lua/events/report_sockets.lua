-- report_sockets(process, sockets) -> stats
--
-- Store how many sockets a process has, and read the event's figures. A process that has not
-- reported for five seconds counts no more.
local SILENT_MS = 5000

local function sockets_of_all()
  local sum = 0
  local found = redis.call("HGETALL", key("sockets"))
  for index = 1, #found, 2 do
    local sockets, at = found[index + 1]:match("^(%d+):(%d+)$")
    if now - at > SILENT_MS then
      redis.call("HDEL", key("sockets"), found[index])
    else
      sum = sum + sockets
    end
  end
  return sum
end

local function free_places()
  local sum = 0
  for _, free in ipairs(redis.call("HVALS", key("free"))) do sum = sum + free end
  return sum
end

-- Return how many waited how long: (quarter octaves above 100 ms, visitors).
local function waits()
  local buckets, found = {}, redis.call("HGETALL", key("stats"))
  for index = 1, #found, 2 do
    local bucket = found[index]:match("^wait:(%d+)$")
    if bucket then buckets[#buckets + 1] = { tonumber(bucket), tonumber(found[index + 1]) } end
  end
  return buckets
end

-- Return the age of the oldest outbox entry that Postgres does not have.
local function outbox_age_ms()
  local recorded = redis.call("GET", key("recorded")) or "0-0"
  local oldest = redis.call("XRANGE", key("outbox"), "(" .. recorded, "+", "COUNT", 1)[1]
  return oldest and math.max(0, now - oldest[1]:match("^(%d+)")) or 0
end

return function(command)
  local report = string.format("%d:%.0f", command.sockets, now)
  redis.call("HSET", key("sockets"), command.process, report)
  local stats = redis.call("HMGET", key("stats"), "joined", "admitted", "held", "paying", "sold")
  return reply("stats", {
    state = rule("state"), sockets = sockets_of_all(), waits = waits(),
    waiting = redis.call("ZCARD", key("line", LANE)), active = redis.call("ZCARD", key("active")),
    late = redis.call("ZCARD", key("late")) + redis.call("ZCARD", key("back")),
    joined = tonumber(stats[1] or 0), admitted = tonumber(stats[2] or 0),
    held = tonumber(stats[3] or 0), paying = tonumber(stats[4] or 0),
    sold = tonumber(stats[5] or 0), free = free_places(),
    outbox_age_ms = outbox_age_ms(),
  })
end
