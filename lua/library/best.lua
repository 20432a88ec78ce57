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

-- The rows of a section, front first, read a page at a time and once; `at(index)` is a row's text.
local function rows_of(section, order)
  local texts = {}
  local function at(index)
    if not texts[index] then
      local names = {}
      for more = index, math.min(#order, index + ROWS - 1) do
        names[#names + 1] = section .. "/" .. order[more]
      end
      for more, text in ipairs(redis.call("HMGET", key("rows"), unpack(names))) do
        texts[index + more - 1] = texts[index + more - 1] or text
      end
    end
    return texts[index]
  end
  return at, texts
end

-- The best block of n: its row and start. The front row without an orphan wins at once.
local function block(rows, first, count, n)
  local run, row, start = string.rep(".", n), nil, nil
  for at = first, count do
    local text = rows(at)
    if text:find(run, 1, true) then
      local found, orphan = in_row(text, n)
      if found and not orphan then return at, found end
      if found and not row then row, start = at, found end
    end
  end
  return row, start
end

-- The longest run, which is known to be no longer than `most`, and the first row with a free seat.
local function longest_run(rows, first, count, most)
  local longest, longer, begins = 0, ".", nil
  for at = first, count do
    local text = rows(at)
    while text:find(longer, 1, true) do
      longest, longer, begins = longest + 1, longer .. ".", begins or at
      if longest == most then return most, begins end
    end
  end
  return longest, begins
end

-- The ids of n seats, and whether they are adjacent; nil when there are not so many after all.
function best.choose(section, n)
  local order = cmsgpack.unpack(redis.call("HGET", key("order"), section))
  local rows, texts = rows_of(section, order)
  local ids, most, first = {}, n, 1 -- below n, `most` is the longest run that can be left
  while #ids < n do
    local size = math.min(n - #ids, most)
    local row, start = block(rows, first, #order, size)
    if row then
      local text = texts[row]
      texts[row] = text:sub(1, start - 1) .. string.rep("h", size) .. text:sub(start + size)
      for number = start, start + size - 1 do
        ids[#ids + 1] = seats.id(section, order[row], number)
      end
    else
      if size <= 1 then return nil end -- the count of free places is wrong: never look for ever
      most, first = longest_run(rows, first, #order, size - 1)
    end
  end
  return ids, most == n
end
