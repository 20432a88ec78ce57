-- A hold: what is kept for one visitor, as one packed value; and how it moves.
--
-- Its state is held, paying, sold, released or expired. `hold:<id>` says everything, the zsets
-- say when: holds that end, and holds whose end is to be announced. Only a held one ends by time.
local hold = {}
hold.KEPT_MS = 24 * 3600 * 1000 -- a hold that ended is remembered for repeats
local WARN_S = 60 -- before the end, or halfway when the hold is shorter than twice that

function hold.of(id)
  local packed = redis.call("GET", key("hold", id))
  return packed and cmsgpack.unpack(packed) or nil
end

function hold.keep(one)
  redis.call("SET", key("hold", one.id), cmsgpack.pack(one))
end

-- The whole hold as it is now: the last entry of a hold is its booking in Postgres.
function hold.note(one)
  return entry_name(
    redis.call("XADD", key("outbox"), "*", "kind", "booking", "body", cmsgpack.pack(one)))
end

-- How many places are in a state; the figures of the house.
local COUNTED = { held = true, paying = true, sold = true }
function hold.turn(one, state)
  if COUNTED[one.state] then count(one.state, -one.quantity) end
  if COUNTED[state] then count(state, one.quantity) end
  one.state = state
end

-- Whether this hold has its places, whatever becomes of them.
function hold.has_places(one) return COUNTED[one.state] == true end

function hold.set_deadline(one, deadline)
  one.deadline = deadline
  local seconds = math.min(WARN_S, math.floor((deadline - now) / 2000))
  redis.call("ZADD", key("holds"), deadline, one.id)
  redis.call("ZADD", key("warnings"), deadline - seconds * 1000, one.id)
end

function hold.stop_clock(one)
  redis.call("ZREM", key("holds"), one.id)
  redis.call("ZREM", key("warnings"), one.id)
end

function hold.is_due(one) return one.state == "held" and one.deadline <= now end

-- The visitor's living hold, if any; one whose time is over ends here.
function hold.living(visitor)
  local id = redis.call("HGET", key("carts"), visitor)
  local one = id and hold.of(id)
  if id and not one then redis.call("HDEL", key("carts"), visitor) end
  if one and hold.is_due(one) then
    hold.finish(one, "expired", "expired")
    return nil
  end
  return one
end

-- What a visitor has: the cart, and tickets held and bought, for the limit.
function hold.put_in_cart(one)
  redis.call("HSET", key("carts"), one.visitor, one.id)
  redis.call("HINCRBY", key("taken"), one.visitor, one.quantity)
end

function hold.take_out_of_cart(one)
  if redis.call("HGET", key("carts"), one.visitor) == one.id then
    redis.call("HDEL", key("carts"), one.visitor)
  end
end

-- End a hold that is not being paid: seats are free again, at once.
function hold.finish(one, state, reason)
  hold.stop_clock(one)
  seats.mark(one, ".", 1, nil, "h") -- what was sold over it meanwhile stays sold
  hold.forget(one, state, reason)
  tell("ended", { visitor = one.visitor, hold = one.id, reason = reason })
  return hold.note(one)
end

-- What every end has in common, seats aside.
function hold.forget(one, state, reason)
  hold.turn(one, state)
  one.reason = reason
  hold.take_out_of_cart(one)
  redis.call("HINCRBY", key("taken"), one.visitor, -one.quantity)
  hold.keep(one)
  redis.call("PEXPIRE", key("hold", one.id), hold.KEPT_MS)
end

-- A visitor's own hold, not one that was given back; one whose time is over ends here.
function hold.owned(id, visitor)
  local one = hold.of(id)
  if not one or one.visitor ~= visitor or one.state == "released" then return nil end
  if hold.is_due(one) then hold.finish(one, "expired", "expired") end
  return one
end

-- The same while it is held; else nil, and the refusal.
function hold.held(id, visitor)
  local one = hold.owned(id, visitor)
  if not one then return nil, answer("unknown_hold") end
  if one.state == "expired" then return nil, answer("hold_over") end
  if one.state ~= "held" then return nil, answer("being_paid") end
  return one
end

-- Whether a step that Postgres orders is behind one that was obeyed.
function hold.is_behind(one, step) return step < one.step end

-- Idempotency key → hold; the empty one, which nobody can give, is the latest of the visitor.
function hold.remember_key(one)
  redis.call("HSET", key("keys", one.visitor), one.key, one.id, "", one.id)
  redis.call("PEXPIRE", key("keys", one.visitor), hold.KEPT_MS)
end

function hold.is_latest(one)
  local latest = redis.call("HGET", key("keys", one.visitor), "")
  return not latest or latest == one.id
end

local SHOWN = { "id", "seats", "prices", "currency", "section", "quantity", "adjacent" }

function hold.tell(one, word)
  local reply = { state = one.state, deadline_ms = one.deadline, left = one.left }
  for _, name in ipairs(SHOWN) do reply[name] = one[name] end
  return answer(word or "held", reply)
end

-- As it was made: what a repeat of the wish is answered, whatever became of it.
function hold.tell_made(one)
  local reply = hold.tell(one)
  reply.state, reply.deadline_ms, reply.left = "held", one.first, one.left_first
  return reply
end
