-- report_sockets(process, sockets) -> stats
--
-- Store how many sockets a process has, and read the event's figures. A process that has not
-- reported for five seconds counts no more.
local SILENT_MS = 5000

local function sockets_of_all()
  local sum = 0
  local found = call("HGETALL", key("sockets"))
  for index = 1, #found, 2 do
    local sockets, at = found[index + 1]:match("^(%d+):(%d+)$")
    if now - at > SILENT_MS then
      call("HDEL", key("sockets"), found[index])
    else
      sum = sum + sockets
    end
  end
  return sum
end

-- Return how many waited how long: (quarter octaves above 100 ms, visitors).
local function waits()
  memory.settle(stats)
  local buckets, found = {}, call("HGETALL", memory.key(stats))
  for index = 1, #found, 2 do
    local bucket = found[index]:match("^wait:(%d+)$")
    if bucket then buckets[#buckets + 1] = { tonumber(bucket), tonumber(found[index + 1]) } end
  end
  return buckets
end

-- Return the age of the oldest outbox entry that Postgres does not have.
local function outbox_age_ms()
  local recorded = call("GET", key("recorded")) or "0-0"
  local oldest = call("XRANGE", key("outbox"), "(" .. recorded, "+", "COUNT", 1)[1]
  return oldest and max(0, now - oldest[1]:match("^(%d+)")) or 0
end

local function figure(name) return memory.number(stats, name) end

return function(process, sockets)
  call("HSET", key("sockets"), process, format("%d:%.0f", sockets, now))
  return { "stats", rule("state"), line.waiting(), figure("active"),
    figure("late") + figure("back"), figure("joined"), figure("admitted"), figure("held"),
    figure("paying"), figure("sold"), (seats.free_of_all()), outbox_age_ms(), sockets_of_all(),
    waits() }
end
