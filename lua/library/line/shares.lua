-- Shares of address blocks: whether a block may have one more of the numbers that are given now.
--
-- A ring has the blocks of the last numbers given. A block that has its share of them gets no more
-- while others wait for one: another block that is below its share has asked within the window. So
-- blocks that are over their shares never hold up each other, and one that is alone nobody.
shares = {}
local RECENT = 1000 -- numbers of which a block has at most its share
local WINDOW_S = 2 -- for which a block counts as waiting after it has asked
local READ, READ_MAX = 4, 64 -- fields of the ring that a batch reads at first, and at once at most
local recent = memory.hash("recent") -- number of the turn, modulo RECENT → block; turn, and who asked
local counts = memory.hash("blocks") -- block → numbers in the ring
local ASKED = { "block1", "asked1", "block2", "asked2", "turn" }
local read_batch, read_to, read_size = 0, 0, READ
local asked_batch = 0 -- that has read who asked

local function window_ms() return (rule("window_seconds") or WINDOW_S) * 1000 end

-- Note that a block below its share asks for a number. The last two blocks are enough to tell
-- whether another than a given one has.
local function note(block)
  if memory.read(recent, "block1") ~= block then
    memory.write(recent, "block2", memory.read(recent, "block1") or "")
    memory.write(recent, "asked2", memory.number(recent, "asked1"))
    memory.write(recent, "block1", block)
  end
  if memory.number(recent, "asked1") ~= now then memory.write(recent, "asked1", now) end
end

-- Return whether another block, below its share, has asked within the window.
local function is_contested(block)
  local first = memory.read(recent, "block1")
  local asked = first and memory.number(recent, first ~= block and "asked1" or "asked2")
  local other = first and (first ~= block or (memory.read(recent, "block2") or "") ~= "")
  return other and now - asked < window_ms() or false
end

-- Return whether a block (empty: not known) may have a number now.
function shares.takes(block)
  local share = rule("join_share_max") or 1
  if block == "" or share >= 1 then return true end
  if asked_batch ~= batch_number then
    asked_batch = batch_number
    memory.read_ahead(recent, ASKED)
  end
  if memory.number(counts, block) < max(1, floor(share * RECENT)) then
    note(block)
    return true
  end
  return not is_contested(block)
end

-- Read how many of the numbers in the ring each of these blocks has.
function shares.read_ahead(blocks) memory.read_ahead(counts, blocks) end

-- Read what the next numbers replace in the ring, more of them the more a batch gives.
local function read_ahead(turn)
  if read_batch ~= batch_number then
    read_batch, read_size = batch_number, READ
  elseif turn <= read_to then
    return
  end
  local slots = {}
  for more = 1, read_size do slots[more] = text_of((turn + more - 1) % RECENT) end
  memory.read_ahead(recent, slots)
  read_to, read_size = turn + read_size - 1, min(READ_MAX, 4 * read_size)
end

-- Count a number that a block was given; the number RECENT before it counts no more.
function shares.count(block)
  if block == "" or (rule("join_share_max") or 1) >= 1 then return end
  local turn = memory.add(recent, "turn", 1)
  read_ahead(turn)
  local slot = text_of(turn % RECENT)
  local former = memory.read(recent, slot)
  if former then
    local left = memory.number(counts, former) - 1
    memory.write(counts, former, left > 0 and left)
  end
  memory.write(recent, slot, block)
  memory.write(counts, block, memory.number(counts, block) + 1)
end
