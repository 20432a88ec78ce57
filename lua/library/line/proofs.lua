-- Proofs of work: how many bits the next join is asked for, and which proofs are spent.
--
-- The bits follow the rate at which places are given. It is measured as in a sliding window: joins
-- of this window, and of the one before as much as still lies within its length.
proofs = {}
local WINDOW_MS = 5000
local FREE_RATE = 500 -- joins a second that ask for nothing
local BITS_MIN, BITS_A_DOUBLING = 12, 2 -- asked at that rate, and more each time that it doubles
local KEY_MS = 5000 -- of challenges whose spent proofs share a key, so that none grows large
local KEPT_MS = 150000 -- a challenge lives for two minutes
local MEASURED = { "join_window", "joins", "joins_before" }
local spent_batch, spent_by_time = 0, {} -- stores by time, of one batch

-- Return this window's index, its joins so far, and those of the one before.
local function measured()
  memory.read_ahead(stats, MEASURED)
  local at, window = floor(now / WINDOW_MS), memory.number(stats, "join_window")
  local joins, before = memory.number(stats, "joins"), memory.number(stats, "joins_before")
  if at == window then return at, joins, before end
  return at, 0, at == window + 1 and joins or 0
end

-- Count a place that was given.
function proofs.count_join()
  local at, joins, before = measured()
  memory.write(stats, "join_window", at)
  memory.write(stats, "joins", joins + 1)
  memory.write(stats, "joins_before", before)
end

-- Return the bits that a proof must have just now; 0: none is asked.
function proofs.bits()
  local most = rule("proof_bits_max") or 0
  if most == 0 then return 0 end
  local at, joins, before = measured()
  local left = 1 - (now - at * WINDOW_MS) / WINDOW_MS
  local rate = (joins + before * left) * 1000 / WINDOW_MS
  if rate < FREE_RATE then return 0 end
  local doublings = math.log(rate / FREE_RATE) / math.log(2)
  return min(most, BITS_MIN + floor(BITS_A_DOUBLING * doublings))
end

local function spent_at(issued)
  if spent_batch ~= batch_number then spent_batch, spent_by_time = batch_number, {} end
  local part = text_of(floor(issued / KEY_MS))
  if not spent_by_time[part] then
    spent_by_time[part] = memory.hash("proofs", part)
  end
  return spent_by_time[part]
end

-- Spend a proof. Return whether there was one that was not spent before.
function proofs.spend(proof, issued)
  if proof == "" then return false end
  local spent = spent_at(issued)
  if memory.read(spent, proof) then return false end
  memory.write(spent, proof, "1")
  spent.ttl = KEPT_MS
  return true
end
