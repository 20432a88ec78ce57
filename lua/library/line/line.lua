-- Line: the lanes of the event, each with its own order, numbers and counters (given, kept, head).
--
-- The rule `lanes` has their weights. A lane that the rule names no more has the weight 0 here as
-- long as somebody may wait in it: nobody joins it, and who waits is admitted by the weight 1.
line = {}
local ONLY_MAIN = pack({ main = 1 }) -- MAIN in queue/lanes.py
local opened = {} -- lanes of this batch, by name
local packed_weights, weights, names -- of the rule as it was read last

function line.begin_batch() opened = {} end

-- Return a lane: { name, counters, waiting, lobby, windows, deferred, is_head_stale }.
function line.lane(name)
  local lane = opened[name]
  if not lane then
    lane = { name = name, counters = memory.hash("lane", name),
      waiting = memory.zset("line", name), lobby = memory.zset("lobby", name),
      windows = memory.zset("windows", name), deferred = memory.zset("deferred", name),
      is_head_stale = false }
    opened[name] = lane
  end
  return lane
end

local function read_weights()
  local packed = rule("lanes") or ONLY_MAIN
  if packed == packed_weights then return end
  packed_weights, weights, names = packed, unpack_one(packed), {}
  for name in pairs(weights) do names[#names + 1] = name end
  table.sort(names)
end

-- Return the names of the lanes, sorted.
function line.names()
  read_weights()
  return names
end

-- Return whether visitors may join a lane.
function line.takes(name)
  read_weights()
  return (weights[name] or 0) > 0
end

function line.weight(name)
  read_weights()
  return max(1, weights[name] or 0)
end

-- Return how many wait in a lane, for their turn, for a draw or for a number.
function line.waits_in(lane)
  return memory.size(lane.waiting) + lobby.waiting(lane) + memory.size(lane.deferred)
end

-- Set the weights that the rule names. A lane that was there, or that has numbers, stays with 0
-- while somebody may wait in it.
function line.set_weights(wanted, numbers)
  local kept = {}
  for name in pairs(numbers or {}) do kept[name] = 0 end
  for _, name in ipairs(line.names()) do
    if line.waits_in(line.lane(name)) > 0 then kept[name] = 0 end
  end
  kept.main = 1
  for name, weight in pairs(wanted) do kept[name] = weight end
  memory.write(rules, "lanes", pack(kept))
end

-- Return of a lane the last number given, the last that Postgres has, or head: the smallest waiting
-- number − 1, where nobody waits the last given; and nothing beyond what is settled.
function line.number(lane, name) return memory.number(lane.counters, name) end

-- Return the smallest waiting number of a lane, or nil.
local function first_waiting(waiting)
  memory.settle(waiting)
  local own, leaving = memory.own(waiting), 0
  for _ in pairs(own) do leaving = leaving + 1 end
  local found = call("ZRANGE", memory.key(waiting), 0, text_of(leaving), "WITHSCORES")
  for index = 1, #found, 2 do
    if own[found[index]] == nil then return tonumber(found[index + 1]) end
  end
  return nil
end

-- Return a lane's head. It moves when the first in the lane leaves.
function line.head(lane)
  if lane.is_head_stale then
    lane.is_head_stale = false
    local first = first_waiting(lane.waiting)
    local settled = lobby.settled(lane)
    memory.write(lane.counters, "head", first and min(first - 1, settled) or settled)
  end
  return line.number(lane, "head")
end

-- Move the heads of all lanes of this batch.
function line.move_heads()
  for _, lane in pairs(opened) do line.head(lane) end
end

-- Let the heads of all lanes of this batch be read anew.
function line.doubt_heads()
  for _, lane in pairs(opened) do lane.is_head_stale = true end
end

-- Return how many wait, in all lanes.
function line.waiting()
  local sum = 0
  for _, name in ipairs(line.names()) do sum = sum + line.waits_in(line.lane(name)) end
  return sum
end

local function count_waiting(lane, last)
  memory.settle(lane.waiting)
  return call("ZCOUNT", memory.key(lane.waiting), "-inf", last)
end

-- Return how many of a lane wait with a number that is settled.
function line.in_order(lane)
  if lobby.is_settled(lane) then return memory.size(lane.waiting) end
  return count_waiting(lane, text_of(lobby.settled(lane)))
end

-- Return how many of a lane wait before a number. Where others are being drawn, each of their
-- numbers counts.
function line.ahead(lane, number)
  if not lobby.is_settled(lane) and number > lobby.settled(lane) then
    return line.in_order(lane) + number - 1 - lobby.settled(lane)
  end
  if number == line.number(lane, "given") then return memory.size(lane.waiting) - 1 end
  return count_waiting(lane, "(" .. text_of(number))
end

-- Take a place out of its lane, or out of the lobby. Return whether it had a number there.
function line.leave(place)
  local lane = line.lane(place.lane)
  if place.turn then
    deferrals.remove(lane, place)
  elseif place.state == "lobby" then
    memory.remove(lane.lobby, place.visitor)
  end
  if place.state ~= "waiting" then return false end
  if place.number == line.number(lane, "head") + 1 then lane.is_head_stale = true end
  memory.remove(lane.waiting, place.visitor)
  return true
end
