-- Best available: adjacent seats of one row, nearest to the front centre first.
--
-- A block that leaves an orphan (a single free seat between itself and a seat that is not free, or
-- the row's end) is chosen only where there is no other. Where no block has the whole size, the
-- request is split, the largest blocks first.
best = {}
local ROWS = 64 -- rows read at once: a section fills from the front, so few pages are needed

-- Return the best start of n adjacent seats in a run of free ones, twice the distance between the
-- block's middle and the row's, and whether the block leaves an orphan.
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

-- Return the best start of n adjacent seats in a row, and whether the block leaves an orphan.
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

-- Return a function from a row's index to its text, and the texts read so far. Rows are read from
-- Redis a page at a time, each once.
local function rows_of(section, row_names)
  local texts = {}
  local function at(index)
    if not texts[index] then
      local names = {}
      for more = index, min(#row_names, index + ROWS - 1) do
        names[#names + 1] = section .. "/" .. row_names[more]
      end
      seats.read_ahead(names)
      for more = index, index + #names - 1 do
        texts[more] = texts[more] or seats.row(section, row_names[more])
      end
    end
    return texts[index]
  end
  return at, texts
end

-- Return the row and the start of the best block of n. The first row that has one without an
-- orphan wins.
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

-- Return the length of the longest run, which is at most `most`, and the first row with a free
-- seat.
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

-- Choose n seats of a section. Return their ids, and whether they are adjacent; nil where fewer are
-- free.
function best.choose(section, n)
  local row_names = seats.names_of_rows(section)
  local rows, texts = rows_of(section, row_names)
  local ids, most, first = {}, n, 1 -- below n, `most` is the longest run that can be left
  while #ids < n do
    local size = min(n - #ids, most)
    local row, start = block(rows, first, #row_names, size)
    if row then
      local text = texts[row]
      texts[row] = text:sub(1, start - 1) .. string.rep("h", size) .. text:sub(start + size)
      for number = start, start + size - 1 do
        ids[#ids + 1] = seats.id(section, row_names[row], number)
      end
    else
      if size <= 1 then return nil end -- the count of free places is wrong: never search for ever
      most, first = longest_run(rows, first, #row_names, size - 1)
    end
  end
  return ids, most == n
end
