-- Holds: the seats that one visitor keeps for some minutes, each hold one packed value.
--
-- Its state is held, paying, sold, released or expired. `hold:<id>` has all its fields. Two zsets
-- have times: when a hold ends, and when its end is announced. Only a held one ends by time.
local holds = {}
holds.KEPT_MS = 24 * 3600 * 1000 -- a hold that ended is kept for repeats of its request
local WARN_S = 60 -- before the end, or halfway when the hold is shorter than twice that

function holds.of(id)
  local packed = redis.call("GET", key("hold", id))
  return packed and cmsgpack.unpack(packed) or nil
end

function holds.save(hold)
  redis.call("SET", key("hold", hold.id), cmsgpack.pack(hold))
end

-- Enqueue the whole hold as it is now into the outbox: its last entry is its booking in Postgres.
-- Return the entry's name.
function holds.enqueue(hold)
  return entry_name(
    redis.call("XADD", key("outbox"), "*", "kind", "booking", "body", cmsgpack.pack(hold)))
end

-- Set a hold's state, and count its places in the event's figures.
local COUNTED = { held = true, paying = true, sold = true }
function holds.set_state(hold, state)
  if COUNTED[hold.state] then count(hold.state, -hold.quantity) end
  if COUNTED[state] then count(state, hold.quantity) end
  hold.state = state
end

-- Return whether this hold has its places: it is held, being paid or sold.
function holds.has_places(hold) return COUNTED[hold.state] == true end

function holds.set_deadline(hold, deadline)
  hold.deadline = deadline
  local seconds = math.min(WARN_S, math.floor((deadline - now) / 2000))
  redis.call("ZADD", key("holds"), deadline, hold.id)
  redis.call("ZADD", key("warnings"), deadline - seconds * 1000, hold.id)
end

function holds.stop_clock(hold)
  redis.call("ZREM", key("holds"), hold.id)
  redis.call("ZREM", key("warnings"), hold.id)
end

function holds.is_due(hold) return hold.state == "held" and hold.deadline <= now end

-- Return the visitor's living hold, or nil. One that is due expires here.
function holds.living(visitor)
  local id = redis.call("HGET", key("carts"), visitor)
  local hold = id and holds.of(id)
  if id and not hold then redis.call("HDEL", key("carts"), visitor) end
  if hold and holds.is_due(hold) then
    holds.finish(hold, "expired", "expired")
    return nil
  end
  return hold
end

-- The cart names a visitor's living hold; `taken` counts tickets held and bought, for the limit.
function holds.put_in_cart(hold)
  redis.call("HSET", key("carts"), hold.visitor, hold.id)
  redis.call("HINCRBY", key("taken"), hold.visitor, hold.quantity)
end

function holds.take_out_of_cart(hold)
  if redis.call("HGET", key("carts"), hold.visitor) == hold.id then
    redis.call("HDEL", key("carts"), hold.visitor)
  end
end

-- End a hold that is not being paid: free its seats, publish the end. Return the outbox entry.
function holds.finish(hold, state, reason)
  holds.stop_clock(hold)
  seats.mark(hold, ".", 1, nil, "h") -- a seat that was sold over it meanwhile stays sold
  holds.close(hold, state, reason)
  publish("ended", { visitor = hold.visitor, hold = hold.id, reason = reason })
  return holds.enqueue(hold)
end

-- Do what every end has in common, seats aside: state, cart, tickets taken, and 24 hours to live.
function holds.close(hold, state, reason)
  holds.set_state(hold, state)
  hold.reason = reason
  holds.take_out_of_cart(hold)
  redis.call("HINCRBY", key("taken"), hold.visitor, -hold.quantity)
  holds.save(hold)
  redis.call("PEXPIRE", key("hold", hold.id), holds.KEPT_MS)
end

-- Return the visitor's hold of this id; nil where it is another's or was released. One that is
-- due expires here.
function holds.owned(id, visitor)
  local hold = holds.of(id)
  if not hold or hold.visitor ~= visitor or hold.state == "released" then return nil end
  if holds.is_due(hold) then holds.finish(hold, "expired", "expired") end
  return hold
end

-- Return the same while it is held; otherwise nil, and the reply that refuses.
function holds.held(id, visitor)
  local hold = holds.owned(id, visitor)
  if not hold then return nil, reply("unknown_hold") end
  if hold.state == "expired" then return nil, reply("hold_over") end
  if hold.state ~= "held" then return nil, reply("being_paid") end
  return hold
end

-- Return whether an order's step is behind the one that the hold obeyed last.
function holds.is_behind(hold, step) return step < hold.step end

-- Remember which hold an idempotency key made. The empty key, which no client can send, names the
-- visitor's latest hold.
function holds.remember_key(hold)
  redis.call("HSET", key("keys", hold.visitor), hold.key, hold.id, "", hold.id)
  redis.call("PEXPIRE", key("keys", hold.visitor), holds.KEPT_MS)
end

function holds.is_latest(hold)
  local latest = redis.call("HGET", key("keys", hold.visitor), "")
  return not latest or latest == hold.id
end

local SHOWN = { "id", "seats", "prices", "currency", "section", "quantity", "adjacent" }

-- Return the reply that shows a hold to its visitor: `held`, unless another tag is given.
function holds.reply(hold, tag)
  local fields = { state = hold.state, deadline_ms = hold.deadline, left = hold.left }
  for _, name in ipairs(SHOWN) do fields[name] = hold[name] end
  return reply(tag or "held", fields)
end

-- Return the reply as the hold was made, whatever its state is now: for a repeat of the request.
function holds.reply_as_made(hold)
  local made = holds.reply(hold)
  made.state, made.deadline_ms, made.left = "held", hold.first, hold.left_first
  return made
end
