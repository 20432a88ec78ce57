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

return function(command)
  local report = format("%d:%.0f", command.sockets, now)
  call("HSET", key("sockets"), command.process, report)
  local figures = {}
  for _, name in ipairs({ "joined", "admitted", "held", "paying", "sold", "active" }) do
    figures[name] = memory.number(stats, name)
  end
  figures.late = memory.number(stats, "late") + memory.number(stats, "back")
  figures.state, figures.sockets, figures.waits = rule("state"), sockets_of_all(), waits()
  figures.waiting, figures.free = line.waiting(), (seats.free_of_all())
  figures.outbox_age_ms = outbox_age_ms()
  return reply("stats", figures)
end
