-- Best available: adjacent seats of one row, nearest to the front centre first.
--
-- A block that leaves a single free seat between itself and what is taken, a row's end counting
-- as taken, is chosen only where no other is to be had. With no block of the whole size left the
-- wish is split, the largest blocks first.
local best = {}
local ROWS = 64 -- rows read at once: in a house that fills from the front few of them are needed

-- The best start of n adjacent seats in a run, and whether it leaves an orphan. The distance is
-- that of the block's middle from the row's, doubled so that it is whole.
local function in_run(first, length, n, seats_in_row)
  local found, distance, orphan
  for offset = 0, length - n do
    local right = length - n - offset
    local leaves = offset == 1 or right == 1
    local far = math.abs(2 * (first + offset) + n - 1 - (seats_in_row + 1))
    if not found or (orphan and not leaves) or (orphan == leaves and far < distance) then
      found, distance, orphan = first + offset, far, leaves
    end
  end
  return found, distance, orphan
end

-- The same for a row.
local function in_row(text, n)
  local found, distance, orphan
  local from, to = text:find("%.+")
  while from do
    if to - from + 1 >= n then
      local start, far, leaves = in_run(from, to - from + 1, n, #text)
      if not found or (orphan and not leaves) or (orphan == leaves and far < distance) then
        found, distance, orphan = start, far, leaves
      end
    end
    from, to = text:find("%.+", to + 1)
  end
  return found, orphan
end

-- Rows of a section, front first, as (index, text); `taken` stands for what is chosen already.
local function rows_of(section, order, taken)
  local at, texts, base = 0, {}, 0
  return function()
    at = at + 1
    if at > #order then return nil end
    if at > base + #texts then
      base = at - 1
      local names = {}
      for index = at, math.min(#order, at + ROWS - 1) do
        names[#names + 1] = section .. "/" .. order[index]
      end
      texts = redis.call("HMGET", key("rows"), unpack(names))
    end
    return at, taken[at] or texts[at - base]
  end
end

-- The best block of n: its row and start. The front row without an orphan wins at once.
local function block(section, order, taken, n)
  local row, start
  for at, text in rows_of(section, order, taken) do
    local found, orphan = in_row(text, n)
    if found and not orphan then return at, found, text end
    if found and not row then row, start = at, found end
  end
  return row, start
end

local function longest_run(section, order, taken)
  local most = 0
  for _, text in rows_of(section, order, taken) do
    for run in text:gmatch("%.+") do most = math.max(most, #run) end
  end
  return most
end

-- The ids of n seats, and whether they are adjacent. The caller has seen that n are free.
function best.choose(section, n)
  local order = cmsgpack.unpack(redis.call("HGET", key("order"), section))
  local taken, ids, adjacent = {}, {}, true
  while #ids < n do
    local size = n - #ids
    local row, start = block(section, order, taken, size)
    if not row then
      adjacent = false
      size = math.min(size, longest_run(section, order, taken))
      row, start = block(section, order, taken, size)
    end
    local text = taken[row] or redis.call("HGET", key("rows"), section .. "/" .. order[row])
    taken[row] = text:sub(1, start - 1) .. string.rep("h", size) .. text:sub(start + size)
    for number = start, start + size - 1 do
      ids[#ids + 1] = seats.id(section, order[row], number)
    end
  end
  return ids, adjacent
end
