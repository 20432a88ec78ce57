-- Places: what a receipt and a pass are made of, one packed value a visitor.
--
-- A place is lobby (its number is 0 until the draw; one whose join is deferred has a `turn` in the
-- queue of its address block), waiting, unclaimed (admitted, and not seen
-- since), active, late or back. Its lane orders those that wait, `back` those that came late,
-- `deadlines` has the next time at which something of a place ends: the claim window, the pass, or
-- the missed turn; in sale time.
places = {}
local IN_FORCE = { unclaimed = true, active = true }
local COUNTED = { unclaimed = "active", active = "active", late = "late", back = "back" }

stored = memory.hash("places")
back = memory.zset("back")
deadlines = memory.zset("deadlines")
stats = memory.hash("stats")
bucket = memory.hash("bucket")
local TURNS_MAX = 1000 -- that are counted as came or missed; then both counts are halved

function count(name, by) memory.add(stats, name, by or 1) end

-- Count a turn as `came` or `missed`, for the rate of admission.
function places.count_turn(name)
  local turns = memory.add(bucket, name, 1)
  local other = name == "came" and "missed" or "came"
  if turns + memory.number(bucket, other) < TURNS_MAX then return end
  memory.write(bucket, name, floor(turns / 2))
  memory.write(bucket, other, floor(memory.number(bucket, other) / 2))
end

-- Return a visitor's place, or nil. When the event closes all places end at once.
function places.of(visitor)
  local packed = rule("state") ~= "closed" and memory.read(stored, visitor)
  if not packed then return nil end
  local _, state, number, joined, wave, admitted, claim, deadline, due, lane, code, index, window,
    block, turn = unpack_values(packed, 14)
  return { visitor = visitor, state = state, number = number, joined = joined, wave = wave,
    admitted = admitted, claim = claim, deadline = deadline, due = due, lane = lane, code = code,
    index = index, window = window, block = block or "", turn = turn }
end

-- End every place at once, however many there are: the event has closed.
function places.end_all()
  memory.enqueue(pack({ "closed" }))
  for _, store in ipairs({ stored, back, deadlines, deferrals.counts }) do memory.unlink(store) end
  for _, name in ipairs({ "active", "late", "back" }) do memory.write(stats, name, 0) end
  for _, name in ipairs(line.names()) do
    local lane = line.lane(name)
    memory.unlink(lane.waiting)
    lobby.end_all(lane)
    memory.unlink(lane.deferred)
    memory.write(lane.counters, "head", line.number(lane, "given"))
  end
end

-- Return when something of a place ends; false: nothing does by time.
local function due_of(place)
  if place.state == "unclaimed" then return min(place.claim, place.deadline) end
  return (place.state == "active" or place.state == "late") and place.deadline
end

function places.save(place)
  local due = due_of(place)
  if due ~= place.due then memory.write(deadlines, place.visitor, due) end
  place.due = due
  memory.write(stored, place.visitor, pack({ place.state, place.number, place.joined, place.wave,
    place.admitted, place.claim, place.deadline, due, place.lane, place.code,
    place.index, place.window, place.block, place.turn }))
end

-- Move a place to another state, and count it there.
function places.set_state(place, state)
  local from, to = COUNTED[place.state], COUNTED[state]
  if from ~= to then
    if from then count(from, -1) end
    if to then count(to, 1) end
  end
  if place.state == "back" then memory.write(back, place.visitor, false) end
  if state == "back" then memory.write(back, place.visitor, place.number) end
  place.state = state
end

-- Enqueue the whole place as it is now into the outbox: its last entry is its row in Postgres.
-- `unready`: of an admission the lanes in which somebody waited, but nobody who could be admitted.
function places.enqueue(place, state, reason, deadline, unready)
  memory.enqueue(pack({ "place", place.visitor, place.lane, place.number, place.joined, state,
    place.wave, place.admitted, deadline or 0, reason or "", place.code, place.index,
    place.window, state ~= "ended" and place.block or "", unready }))
end

-- Enqueue a join that is deferred, as it is a row in Postgres.
function places.enqueue_deferral(place)
  memory.enqueue(pack({ "deferred", place.visitor, place.lane, place.code, place.block, place.turn,
    place.joined }))
end

-- Enqueue the end of a deferral, without a reason if the visitor gets a place.
function places.enqueue_end_of_deferral(place, reason)
  memory.enqueue(pack({ "deferral_over", place.visitor, place.lane, reason }))
end

-- Defer a join: it waits behind those of its address block. Return its place.
function places.defer(visitor, name, code, block)
  local lane = line.lane(name)
  local place = { visitor = visitor, state = "lobby", number = 0, index = 0, window = 0,
    joined = now, wave = 0, admitted = 0, claim = 0, deadline = 0, due = false, lane = name,
    code = code, block = block, turn = deferrals.next_turn() }
  deferrals.add(lane, place)
  places.save(place)
  places.enqueue_deferral(place)
  return place
end

-- Begin a place at the end of a lane or in its lobby, entered by a code or by none (empty), from an
-- address block; it was joined now, or deferred until now. Return it.
function places.begin(visitor, name, code, block, joined)
  local lane = line.lane(name)
  local window, turn = lobby.window_of_join(lane), memory.add(lane.counters, "given", 1)
  local place = { visitor = visitor, state = window and "lobby" or "waiting",
    number = window and 0 or turn, index = window and turn or 0, window = window or 0,
    joined = joined or now,
    wave = 0, admitted = 0, claim = 0, deadline = 0, due = false, lane = name, code = code,
    block = block }
  if window then lobby.enter(lane, place) else memory.insert(lane.waiting, visitor, turn) end
  places.save(place)
  places.enqueue(place, place.state)
  count("joined")
  return place
end

-- Move a place from the lobby into the line, under the number that it was drawn.
function places.draw(place, number)
  line.leave(place)
  place.state, place.number = "waiting", number
  memory.insert(line.lane(place.lane).waiting, place.visitor, number)
  places.save(place)
  places.enqueue(place, "waiting")
end

-- Publish that a visitor waits no more under a number (0: was not waiting).
local function publish_gone(place, reason, number)
  publish({ news = "gone", epoch = epoch, visitor = place.visitor, reason = reason,
    lane = place.lane, number = number, head = line.head(line.lane(place.lane)) })
end

-- End a place for good, whatever its state; `by`: an operator's name, or nothing.
function places.finish(place, reason, by)
  local waited = line.leave(place)
  places.set_state(place, "")
  if place.due then memory.write(deadlines, place.visitor, false) end
  memory.write(stored, place.visitor, false)
  local why = (by or "") ~= "" and reason .. ": " .. by or reason
  if place.turn then
    places.enqueue_end_of_deferral(place, why)
  else
    places.enqueue(place, "ended", why)
  end
  publish_gone(place, reason, waited and place.number or 0)
end

-- Admit a visitor; the caller has made sure that there is room. Processes see an admission from
-- the front of the line in head, which every tick carries; any other is published as news.
function places.admit(place, wave, reason, unready)
  local from_line = line.leave(place)
  places.set_state(place, "unclaimed")
  place.wave, place.admitted = wave, now
  place.claim = sale_now() + rule("claim_seconds") * 1000
  place.deadline = sale_now() + rule("pass_seconds") * 1000
  places.save(place)
  places.enqueue(place, "admitted", reason, place.deadline, unready)
  count("admitted")
  if reason or not from_line then
    publish_gone(place, "admitted", from_line and place.number or 0)
  end
  if from_line then -- quarter octaves above 100 ms
    local waited = max(100, now - place.joined)
    count("wait:" .. floor(4 * math.log(waited / 100) / math.log(2)))
  end
end

-- Take a visitor without a place out of line and lobby, where a key was lost.
function places.forget(visitor)
  for _, name in ipairs(line.names()) do
    local lane = line.lane(name)
    memory.write(lane.waiting, visitor, false)
    memory.write(lane.lobby, visitor, false)
    lane.waiting.size, lane.lobby.size, lane.is_head_stale = nil, nil, true
  end
  memory.write(back, visitor, false)
end

-- Let a visitor who was not seen in time keep the turn for a while, as late.
function places.miss(place, until_ms)
  places.set_state(place, "late")
  place.deadline = until_ms
  places.save(place)
  places.enqueue(place, "late", "missed", until_ms)
  publish_gone(place, "missed", 0)
end

-- Mark a visitor as present. A pass in its claim window then lasts to its deadline; a late
-- visitor moves to the back list, where no place lapses. Return their place, or nil.
function places.mark_seen(visitor)
  local place = places.of(visitor)
  if not place then return nil end
  if place.state == "unclaimed" then
    places.count_turn("came")
    places.set_state(place, "active")
    places.save(place)
  elseif place.state == "late" then
    places.set_state(place, "back")
    places.save(place)
    places.enqueue(place, "back", "heard of again")
  end
  return place
end

-- Do the same where the place itself is not asked for: of most only the state is looked at.
function places.touch(visitor)
  local packed = memory.read(stored, visitor)
  if not packed then return end
  local _, state = unpack_values(packed, 1)
  if state == "unclaimed" or state == "late" then places.mark_seen(visitor) end
end

-- Return of a visitor's pass the number, the wave and when it ends; nil: they have none. Mark them as
-- present.
function places.pass_of(visitor)
  places.touch(visitor)
  local packed = rule("state") ~= "closed" and memory.read(stored, visitor)
  if not packed then return nil end
  local _, state, number, _, wave, _, _, deadline = unpack_values(packed, 7)
  if not IN_FORCE[state] then return nil end
  return number, wave, deadline
end

function places.is_active(place) return IN_FORCE[place.state] == true end

-- Replies by state, and where they have what moves fill in, as PlaceReply in Python.
local REPLIES = { lobby = "lobby", waiting = "waiting", unclaimed = "admitted", active = "admitted",
  late = "late", back = "late" }
IN_REPLY = { entry = 7, again = 8, connection = 9, has_held = 10 }

-- Return the reply that says a place. It may be sent to the visitor once Postgres has the outbox
-- entry that it names (empty: Postgres has the place).
function places.reply(place)
  local lane, first, second, third, fourth = line.lane(place.lane), nil, nil, nil, nil
  if places.is_active(place) then
    first, second = place.wave, place.admitted
    third, fourth = wall_time(place.claim), wall_time(place.deadline)
  elseif place.state == "waiting" then
    first = line.ahead(lane, place.number)
  end
  local answer = { REPLIES[place.state], place.lane, place.number, place.joined, line.waiting(),
    rule("state"), "", false, 0, false, place.index, place.window, first, second, third, fourth }
  if place.turn or max(place.number, place.index) > line.number(lane, "kept") then
    memory.with_entry(function(entry) answer[IN_REPLY.entry] = entry end)
  end
  return answer
end
