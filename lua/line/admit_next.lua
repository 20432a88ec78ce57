-- admit_next() -> advanced
--
-- One tick of an event: expire passes, missed turns and holds; fix the draw that is due; give
-- deferred joins numbers; admit the next visitors by rate and capacity; publish the event's state.
-- Bucket and active count are read and written here, so any number of tend duties may run and none
-- admits too many. While the sale is stopped nobody is admitted and nothing ends, since its clock
-- stands still.
local TICK_MS = 90 -- between two published ticks, however many tend duties run
-- Reasons that the journal is told; of others its states and acts of operators tell.
local TOLD = { rate = true, no_shows = true, not_recorded = true, full = true, sold_out = true }
local TOLD_MS = 10000 -- for which the last one told must not have been seen
local NO_JOURNAL = pack({ 0, "" }) -- no entry is known
local BEHIND_MS = 2000 -- for which an outbox entry waits before Postgres is said to be behind

-- Return the visitors of whom something of a place ends by now, with what they have read at once.
local function due_places()
  memory.settle(deadlines)
  local visitors = call("ZRANGEBYSCORE", memory.key(deadlines), "-inf", text_of(sale_now()), "LIMIT", 0, LIMIT)
  memory.read_ahead(stored, visitors)
  return visitors
end

-- End passes and missed turns that are over. A visitor who was not seen in time is late, as many
-- and as long as the rules say; the places of the others end. Return how many it changed.
local function expire_places()
  local visitors, most = due_places(), rule("late_max")
  local until_ms = sale_now() + rule("late_seconds") * 1000
  for _, visitor in ipairs(visitors) do
    local place = places.of(visitor)
    if not place then
      memory.write(deadlines, visitor, false)
    elseif place.deadline <= sale_now() then
      places.finish(place, place.state == "late" and "late_over" or "pass_over")
    else
      places.count_turn("missed")
      if until_ms > sale_now() and memory.number(stats, "late") < most then
        places.miss(place, until_ms)
      else
        places.finish(place, "late_over")
      end
    end
  end
  return #visitors
end

-- End the hold of a cart that is over, or announce the end, and forget keys. One that is being paid
-- ends never by time. Return whether a hold ended.
local function expire_cart(cart)
  past.expire(cart)
  if holds.is_due(cart) then
    holds.finish(cart, cart, "expired", "expired")
    return true
  end
  if cart[AT.state] == "held" and cart[AT.warn] > 0 and cart[AT.warn] <= sale_now() then
    cart[AT.warn] = 0
    publish({ news = "ending", epoch = epoch, visitor = cart[AT.visitor], hold = cart[AT.id],
      seconds = math.ceil((cart[AT.deadline] - sale_now()) / 1000) })
  end
  carts.save(cart)
  return false
end

-- Do so with the carts of which something is due. Return how many holds ended.
local function expire_carts()
  local ended, visitors = 0, memory.take_due(hold_deadlines, sale_now(), LIMIT)
  memory.read_ahead(in_carts, visitors)
  for _, visitor in ipairs(visitors) do
    local cart = carts.of(visitor)
    if cart[AT.due] and cart[AT.due] <= sale_now() then
      cart[AT.due] = false
      if expire_cart(cart) then ended = ended + 1 end
    end
  end
  return ended
end

-- Return whether every place is sold and none is held: who is admitted would find nothing.
local function is_sold_out()
  if memory.number(stats, "held") + memory.number(stats, "paying") > 0 then return false end
  local free, sections = seats.free_of_all()
  return free == 0 and sections > 0
end

-- Return the slots of this tick, and why they are as many: a word of REASONS in Python.
local function slots_of(tokens, speed)
  local state = rule("state")
  local active = memory.number(stats, "active")
  if sale_is_stopped() then return 0, "stopped" end
  if state ~= "open" and state ~= "draining" then return 0, state end
  if line.waiting() == 0 and memory.number(stats, "back") == 0 then return 0, "nobody_waits" end
  if is_sold_out() then return 0, "sold_out" end
  local free = rule("active_max") - active
  local wanted = max(floor(tokens), rule("queue_from") - active)
  if free <= 0 then return 0, "full" end
  if bank_is_away() then return min(LIMIT, free, floor(tokens)), "bank_away" end
  local because = speed > rule("rate_per_second") and "no_shows" or "rate"
  return min(LIMIT, free, wanted), wanted > free and "full" or because
end

-- Return whether Postgres has not recorded an entry for a while: whose place is not there is not
-- admitted.
local function is_behind()
  local recorded = (call("GET", key("recorded")) or "0-0"):match("[^:]+$")
  local next_entry = call("XRANGE", key("outbox"), "(" .. recorded, "+", "COUNT", 1)[1]
  return next_entry and now - tonumber(next_entry[1]:match("^%d+")) > BEHIND_MS or false
end

-- Enqueue for the journal why the rate of admission is another, once the reason has changed for a
-- while: at a full room's door `full` and `rate` take turns.
local function tell_reason(because, speed)
  if not TOLD[because] then return end
  local seen_at = memory.read(bucket, "told_at")
  local told = memory.read(bucket, "told") or "rate"
  if not seen_at or now < tonumber(seen_at) or because == told then
    memory.write(bucket, "told_at", now)
  elseif now - seen_at >= TOLD_MS then
    memory.write(bucket, "told", because)
    memory.write(bucket, "told_at", now)
    memory.enqueue(pack({ "reason", because, speed }))
  end
end

-- Admit visitors in this order; `unready` has lanes, by slot, in which nobody was ready. Return whether
-- all of them had a place.
local function admit_chosen(chosen, unready)
  memory.read_ahead(stored, chosen)
  local wave, lanes = memory.add(stats, "wave", 1), {}
  for slot, visitor in ipairs(chosen) do
    local place = places.of(visitor)
    if place then
      places.admit(place, wave, nil, unready[slot])
      lanes[#lanes + 1] = place.lane
    else
      places.forget(visitor)
    end
  end
  if #lanes > 0 then turns.remember(lanes) end
  return #lanes == #chosen
end

local function admit()
  in_force.tell()
  local tokens, speed = in_force.refill()
  local slots, because = slots_of(tokens, speed)
  local chosen, unready = {}, nil
  if slots > 0 then chosen, unready = turns.choose(slots) end
  if slots > 0 and #chosen == 0 and is_behind() then because = "not_recorded" end
  tell_reason(because, speed)
  memory.write(bucket, "tokens", max(0, tokens - #chosen))
  if #chosen > 0 and not admit_chosen(chosen, unready) then in_force.begin_anew() end
  return #chosen, because, speed
end

-- Return the lanes as a tick carries them, by name.
local function lanes_of_tick()
  local lanes, admitted = {}, turns.counts()
  for _, name in ipairs(line.names()) do
    local lane = line.lane(name)
    local head, settled = line.head(lane), lobby.settled(lane)
    lanes[name] = { head = head, gone = settled - head - line.in_order(lane),
      waiting = line.waits_in(lane), weight = line.weight(name), admitted = admitted[name] or 0,
      settled = settled }
  end
  return lanes
end

-- Fix the draws that are due, one a lane. Return one that is on its way, or nil. Where nobody came
-- to the lobby, the lottery is over at once.
local function draw()
  local due_draw = nil
  for _, name in ipairs(line.names()) do
    due_draw = lobby.next_draw(line.lane(name)) or due_draw
  end
  if rule("state") == "drawing" and not memory.read(bucket, "is_drawn") then lobby.end_lottery() end
  return due_draw
end

-- Publish the event's state, at most once in TICK_MS unless somebody was admitted.
local function publish_tick(anyway, because, speed)
  local published_at = memory.number(bucket, "ticked")
  if not anyway and now - published_at < TICK_MS and now >= published_at then return end
  memory.write(bucket, "ticked", now)
  publish({ news = "tick", epoch = epoch,
    at = now, state = rule("state"), version = rule("version"), rate = rule("rate_per_second"),
    because = because, pace = speed, stopped_ms = rule("stopped_ms") or 0,
    active_max = rule("active_max"), active = memory.number(stats, "active"),
    admitted = memory.number(stats, "admitted"),
    recorded = call("GET", key("recorded")) or "0-0",
    journal = unpack_one(memory.read(bucket, "journal") or NO_JOURNAL),
    lanes = lanes_of_tick(),
  })
end

return function()
  local dropped = expire_places() + expire_carts()
  local due_draw = draw() -- before others come into a window: this command would not read that one
  releases.give_due()
  local admitted, because, speed = admit()
  publish_tick(admitted > 0, because, speed)
  local idle = line.waiting() == 0 and memory.number(stats, "active") == 0
    and memory.number(stats, "late") == 0 and memory.number(stats, "back") == 0
    and memory.number(stats, "held") == 0
  return { "advanced", admitted, dropped, idle, due_draw }
end
