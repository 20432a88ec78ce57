-- Deferrals: joins of address blocks over their share, which wait for a number by lane.
--
-- Each block has a queue of its own, in the order of its joins. All queues of a lane are one sorted
-- set by name: `block:turn:visitor`, so that the first of a block and the next block are found at once.
deferrals = { counts = memory.hash("deferrals") } -- block → joins that wait; "turn" → the last
local counts = deferrals.counts

local function member_of(place)
  return format("%s:%012d:%s", place.block, place.turn, place.visitor)
end

local function read_names(lane, from, to, most)
  local waiting = memory.key(lane.deferred)
  return call("ZRANGE", waiting, from, to, "BYLEX", "LIMIT", 0, text_of(most))
end

-- Return whether joins of a block wait before one that would be in this lane.
function deferrals.has(lane, block)
  return memory.size(lane.deferred) > 0 and memory.number(counts, block) > 0
end

-- Return the next turn in the queues of blocks.
function deferrals.next_turn() return memory.add(counts, "turn", 1) end

function deferrals.add(lane, place)
  memory.insert(lane.deferred, member_of(place), 0)
  memory.add(counts, place.block, 1)
  memory.write(counts, "turn", max(place.turn, memory.number(counts, "turn")))
end

function deferrals.remove(lane, place)
  memory.remove(lane.deferred, member_of(place))
  local left = memory.number(counts, place.block) - 1
  memory.write(counts, place.block, left > 0 and left)
end

-- Return the first block of a lane behind another (empty: the first of all), or nil.
function deferrals.next_block(lane, block)
  memory.settle(lane.deferred)
  local found = read_names(lane, block == "" and "-" or "(" .. block .. ";", "+", 1) -- ; follows :
  return found[1] and found[1]:match("^[^:]+")
end

-- Return the first visitors of a block that wait in a lane, by their turns, and their members.
function deferrals.first(lane, block, most)
  memory.settle(lane.deferred)
  local members, visitors = read_names(lane, "[" .. block .. ":", "(" .. block .. ";", most), {}
  for index, member in ipairs(members) do visitors[index] = member:match("^[^:]+:%d+:(.*)$") end
  return visitors, members
end

-- Remove a member without a place, where a key was lost.
function deferrals.forget(lane, member)
  memory.write(lane.deferred, member, false)
  lane.deferred.size = nil
end
