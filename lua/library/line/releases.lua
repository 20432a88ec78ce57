-- Releases: deferred joins get their numbers once the shares of their blocks allow it.
--
-- Each tick looks at the next blocks in turn, so that no block waits for another's queue, and gives a
-- bounded number of numbers. In a block who joined first is first.
releases = {}
local BLOCKS = 16 -- of a lane that a tick looks at
local VISITORS = 32 -- of a block
local NUMBERS = 256 -- that a tick gives, so that it holds Redis for some 10 ms at most

-- Give a deferred visitor a place at the end of the lane, or in its window. Return the place.
function releases.give(place)
  line.leave(place)
  places.enqueue_end_of_deferral(place, "")
  shares.count(place.block)
  local given = places.begin(place.visitor, place.lane, place.code, place.block, place.joined)
  publish({ news = "joined", epoch = epoch, visitor = place.visitor })
  return given
end

-- Give the first of a block numbers while its share allows it; its queue is read only then. Return
-- how many.
local function release_block(lane, block, most)
  if not shares.takes(block) then return 0 end
  local visitors, members = deferrals.first(lane, block, min(VISITORS, most))
  memory.read_ahead(stored, visitors)
  local given = 0
  for at, visitor in ipairs(visitors) do
    local place = places.of(visitor)
    if not place or not place.turn then
      deferrals.forget(lane, members[at])
    elseif shares.takes(block) then
      releases.give(place)
      given = given + 1
    else
      break
    end
  end
  return given
end

-- Return the next blocks of a lane, behind the last one that was looked at.
local function next_blocks(lane)
  local block, blocks, seen = memory.read(lane.counters, "deferred_at") or "", {}, {}
  for _ = 1, BLOCKS do
    block = deferrals.next_block(lane, block) or deferrals.next_block(lane, "")
    if not block or seen[block] then break end
    seen[block], blocks[#blocks + 1] = true, block
  end
  return blocks
end

local function release_lane(lane, most)
  local blocks, given, last = next_blocks(lane), 0, false
  shares.read_ahead(blocks)
  for _, block in ipairs(blocks) do
    if given >= most then break end
    given, last = given + release_block(lane, block, most - given), block
  end
  memory.write(lane.counters, "deferred_at", last)
  return given
end

-- Give numbers to those whose turn it is, in every lane.
function releases.give_due()
  local left = NUMBERS
  for _, name in ipairs(line.names()) do
    local lane = line.lane(name)
    if memory.size(lane.deferred) > 0 and left > 0 then left = left - release_lane(lane, left) end
  end
end
