-- Turns: whom to admit next, of the lanes by their weights, and of those that came late.
--
-- Lanes share the slots by a deficit round robin with the quantum of one slot (smooth weighted round
-- robin): for each slot every lane in which somebody waits earns its weight, and the one that has
-- earned most gives all that was earned for it. One in which nobody waits saves nothing up; one in
-- which nobody is recorded or drawn yet keeps what it had. In a lane the order is strictly by number.
-- Of every two slots late visitors take one at most, while others wait. All of it follows from the
-- journal, which is told with an admission in which lanes nobody was ready.
turns = {}
local RECENT = 1000 -- admissions whose shares are told
local LETTERS = 255 -- lanes that they may be of

-- Return the first recorded visitor of a queue, or nil. A queue is read a page at a time.
local function first(queue)
  if not queue.members[queue.at] and not queue.is_read then
    queue.members = call("ZRANGEBYSCORE", memory.key(queue.lane.waiting), "-inf",
      text_of(min(line.number(queue.lane, "kept"), lobby.settled(queue.lane))), "LIMIT", queue.count, queue.page)
    queue.at, queue.count = 1, queue.count + #queue.members
    queue.is_read = #queue.members < queue.page
  end
  return queue.members[queue.at]
end

-- Return the queues of the lanes in which somebody waits, with what each has earned.
local function queues_for(slots)
  local packed = memory.read(bucket, "deficits")
  local deficits, queues = packed and unpack_one(packed) or {}, {}
  for _, name in ipairs(line.names()) do
    local lane = line.lane(name)
    if memory.size(lane.waiting) > 0 then
      memory.settle(lane.waiting)
      queues[#queues + 1] = { lane = lane, weight = line.weight(name), deficit = deficits[name] or 0,
        members = {}, at = 1, count = 0, is_read = false, left = memory.size(lane.waiting) }
    end
  end
  for _, queue in ipairs(queues) do queue.page = math.ceil(slots / #queues) end
  return queues
end

-- Return the queue whose turn it is, or nil, and the names of those in which nobody is ready, or nil.
local function next_queue(queues)
  local total, most, unready = 0, nil, nil
  for _, queue in ipairs(queues) do
    if first(queue) then
      queue.deficit, total = queue.deficit + queue.weight, total + queue.weight
      if not most or queue.deficit > most.deficit then most = queue end
    elseif queue.left > 0 then
      unready = (unready and unready .. "," or "") .. queue.lane.name
    else
      queue.deficit = 0
    end
  end
  if most then most.deficit = most.deficit - total end
  return most, unready
end

local function save_deficits(queues)
  local deficits = {}
  for _, queue in ipairs(queues) do
    if queue.left > 0 and queue.deficit ~= 0 then deficits[queue.lane.name] = queue.deficit end
  end
  local packed = next(deficits) and pack(deficits) or false
  if packed ~= memory.read(bucket, "deficits") then memory.write(bucket, "deficits", packed) end
end

-- Choose the visitors of so many slots. Return them, and by slot the lanes in which nobody was ready.
function turns.choose(slots)
  memory.settle(back)
  local late, queues = call("ZRANGE", memory.key(back), 0, slots - 1), queues_for(slots)
  local turn, chosen, unready, b = memory.read(bucket, "turn"), {}, {}, 1
  while #chosen < slots do
    local queue, slot = nil, #chosen + 1
    if turn == "back" or not late[b] then queue, unready[slot] = next_queue(queues) end
    if queue then
      chosen[slot], turn = first(queue), "line"
      queue.at, queue.left = queue.at + 1, queue.left - 1
    elseif late[b] then
      chosen[slot], turn, b = late[b], "back", b + 1
    else
      break
    end
  end
  if #chosen == 0 then return chosen, unready end
  memory.write(bucket, "turn", turn)
  save_deficits(queues)
  return chosen, unready
end

-- Return the recent admissions: the lanes' names, one letter an admission, and counts by lane.
local function recent()
  local packed = memory.read(bucket, "recent")
  local found = packed and unpack_one(packed) or {}
  if #(found[1] or {}) >= LETTERS then found = {} end
  return found[1] or {}, found[2] or "", found[3] or {}
end

-- Count admissions, each given by its lane's name, among the recent ones.
function turns.remember(admitted)
  local lanes, text, counts = recent()
  local index_of, letters = {}, {}
  for index, name in ipairs(lanes) do index_of[name] = index end
  for at, name in ipairs(admitted) do
    local index = index_of[name] or #lanes + 1
    lanes[index], index_of[name], counts[index] = name, index, (counts[index] or 0) + 1
    letters[at] = string.char(index)
  end
  text = text .. table.concat(letters)
  for at = 1, #text - RECENT do
    local index = text:byte(at)
    counts[index] = counts[index] - 1
  end
  memory.write(bucket, "recent", pack({ lanes, text:sub(-RECENT), counts }))
end

-- Return the number of recent admissions by lane.
function turns.counts()
  local lanes, _, counts = recent()
  local by_lane = {}
  for index, name in ipairs(lanes) do by_lane[name] = counts[index] end
  return by_lane
end
