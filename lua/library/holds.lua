-- Holds: the seats that one visitor keeps for some minutes, each hold one packed array.
--
-- Its state is held, paying, sold, released or expired. A living one (held, paying) is in its
-- visitor's cart, any other under its own id. A cart also counts tickets held and bought, and
-- idempotency keys. `hold_deadlines` has the next time at which something of a cart ends: a hold
-- is to be announced, a hold ends, or the keys do. `churn` are the times at which the visitor's
-- last holds ended unpaid; the keys of a hold outlive them.
local holds, carts = {}, {}
holds.KEPT_MS = 24 * 3600 * 1000 -- a hold that ended is kept for repeats of its request
local KEYS_MS = 36 * 3600 * 1000 -- keys are kept for 24 hours at least, and counted up to a number
local KEYS_MAX = 100
local CHURN_MS = 600000 -- a hold that ended unpaid counts for so long
local WARN_S = 60 -- before the end, or halfway when the hold is shorter than twice that

local in_carts = memory.hash("carts")
local apart = memory.strings("hold")
local keys_batch, visitors_keys = 0, {} -- stores by visitor, of one batch
local hold_deadlines = memory.zset("hold_deadlines")

-- Return a hold as an array, in the order of Hold in Python.
function holds.array(hold)
  return { hold.id, hold.visitor, hold.state, hold.seats, hold.prices, hold.currency,
    hold.section, hold.quantity, hold.adjacent, hold.made, hold.deadline, hold.first, hold.left,
    hold.left_first, hold.extended, hold.step, hold.number, hold.wave, hold.key, hold.print,
    hold.attempt, hold.method, hold.pay_until, hold.entry, hold.reason }
end

local function packed_hold(hold) return pack(holds.array(hold)) end

function holds.of_array(h)
  return { id = h[1], visitor = h[2], state = h[3], seats = h[4], prices = h[5], currency = h[6],
    section = h[7], quantity = h[8], adjacent = h[9], made = h[10], deadline = h[11],
    first = h[12], left = h[13], left_first = h[14], extended = h[15], step = h[16],
    number = h[17], wave = h[18], key = h[19], print = h[20], attempt = h[21], method = h[22],
    pay_until = h[23], entry = h[24], reason = h[25] }
end

local function unpacked_hold(packed) return holds.of_array(unpack_one(packed)) end

-- Return a visitor's cart: what they have taken, their keys, and their living hold, if any.
function carts.of(visitor)
  local packed = memory.read(in_carts, visitor)
  if not packed then
    return { visitor = visitor, taken = 0, keys = 0, keys_end = 0, warn = 0, due = false,
      churn = {} }
  end
  local found = unpack_one(packed)
  local cart = { visitor = visitor, taken = found[1], keys = found[2], keys_end = found[3],
    warn = found[4], due = found[5], churn = found[6] }
  cart.hold = found[7] and holds.of_array(found[7]) or nil
  return cart
end

local function due_of(cart)
  local due = cart.keys_end > 0 and cart.keys_end
  if cart.hold and cart.hold.state == "held" then
    local ends = cart.warn > 0 and cart.warn or cart.hold.deadline
    due = due and min(due, ends) or ends
  end
  return due
end

-- Save a cart as it is; one in which nothing is left is forgotten. Return its hold, packed.
function carts.save(cart)
  local due = due_of(cart)
  if due ~= cart.due then memory.write(hold_deadlines, cart.visitor, due) end
  cart.due = due
  local packed = cart.hold and packed_hold(cart.hold)
  local is_empty = not packed and cart.taken == 0 and cart.keys_end == 0
  memory.write(in_carts, cart.visitor, not is_empty -- an array of seven, whose hold is packed once
    and "\151" .. pack(cart.taken, cart.keys, cart.keys_end, cart.warn, due, cart.churn)
      .. (packed or pack(false)))
  return packed
end

-- Enqueue a packed hold into the outbox: its last entry is its booking in Postgres.
function holds.enqueue(packed) memory.enqueue("\146\167booking" .. packed) end

-- Set a hold's state, and count its places in the event's figures.
local COUNTED_STATES = { held = true, paying = true, sold = true }
function holds.set_state(hold, state)
  if COUNTED_STATES[hold.state] then count(hold.state, -hold.quantity) end
  if COUNTED_STATES[state] then count(state, hold.quantity) end
  hold.state = state
end

-- Return whether this hold has its places: it is held, being paid or sold.
function holds.has_places(hold) return COUNTED_STATES[hold.state] == true end

-- Return when a hold ends at the latest, extensions included.
function holds.last_deadline(hold)
  return hold.made + (rule("hold_total_seconds") or math.huge) * 1000
end

-- Return when a hold that is made or extended now ends.
function holds.deadline_from_now(hold)
  return min(now + rule("hold_seconds") * 1000, holds.last_deadline(hold))
end

-- Set the end of a cart's hold, and when it is announced.
function holds.set_deadline(cart, deadline)
  cart.hold.deadline = deadline
  local seconds = min(WARN_S, floor((deadline - now) / 2000))
  cart.warn = deadline - seconds * 1000
end

function holds.is_due(hold) return hold.state == "held" and hold.deadline <= now end

-- Put a hold into its visitor's cart; `taken` counts tickets held and bought, for the limit.
function holds.put_in_cart(cart, hold)
  cart.hold = hold
  cart.taken = cart.taken + hold.quantity
end

-- Move a living hold that was saved apart into its visitor's cart.
function holds.move_to_cart(cart, hold)
  if memory.text(apart, hold.id) then memory.write(apart, hold.id, false) end
  cart.hold, cart.warn = hold, 0
end

-- Save a hold that is not in a cart: for ever while it has places, otherwise for 24 hours. Return
-- it packed.
function holds.save_apart(hold)
  local packed = packed_hold(hold)
  memory.write_text(apart, hold.id, packed, not holds.has_places(hold) and holds.KEPT_MS or nil)
  return packed
end

-- Take a hold out of its cart, if it is there, and save it apart. Return it packed.
function holds.take_out(cart, hold)
  if cart.hold and cart.hold.id == hold.id then cart.hold, cart.warn = nil, 0 end
  carts.save(cart)
  return holds.save_apart(hold)
end

-- End a hold that is not being paid: free its seats, publish the end, enqueue it.
function holds.finish(cart, hold, state, reason)
  seats.mark(hold, ".", 1, nil, "h") -- a seat that was sold over it meanwhile stays sold
  publish("ended", { visitor = hold.visitor, hold = hold.id, reason = reason })
  holds.enqueue(holds.close(cart, hold, state, reason))
end

-- Count a hold that ended unpaid, by the visitor's own doing, against their next one.
local EXCUSED = { removed = true, seats_lost = true, recovery = true }
function holds.count_churn(cart, at, reason)
  local most = rule("churn_max") or 0
  if most == 0 or EXCUSED[reason] then return end
  cart.churn[#cart.churn + 1] = at
  while #cart.churn > most do table.remove(cart.churn, 1) end
end

-- Return for how many ms more a visitor may make no hold, since so many of theirs ended unpaid.
function holds.cooling_ms(cart)
  local most = rule("churn_max") or 0
  local first = most > 0 and cart.churn[#cart.churn - most + 1]
  return first and max(0, first + CHURN_MS - now) or 0
end

-- Do what every end has in common, seats aside: state, cart, tickets taken, and 24 hours to live.
-- Return the hold packed.
function holds.close(cart, hold, state, reason)
  if hold.state ~= "sold" then holds.count_churn(cart, now, reason) end
  holds.set_state(hold, state)
  hold.reason = reason
  cart.taken = cart.taken - hold.quantity
  return holds.take_out(cart, hold)
end

-- Return the cart's living hold, or nil. One that is due expires here.
function holds.living(cart)
  local hold = cart.hold
  if hold and holds.is_due(hold) then
    holds.finish(cart, hold, "expired", "expired")
    return nil
  end
  return hold
end

-- Return the hold of this id, in the visitor's cart or apart, and the cart.
function holds.find(id, visitor)
  local cart = carts.of(visitor)
  if cart.hold and cart.hold.id == id then return cart.hold, cart end
  local packed = memory.text(apart, id)
  return packed and unpacked_hold(packed) or nil, cart
end

-- Return the visitor's hold of this id, nil where it is another's or was released, and the cart.
-- One that is due expires here.
function holds.owned(id, visitor)
  local hold, cart = holds.find(id, visitor)
  if not hold or hold.visitor ~= visitor or hold.state == "released" then return nil, cart end
  if holds.is_due(hold) then holds.finish(cart, hold, "expired", "expired") end
  return hold, cart
end

-- Return the same while it is held; otherwise nil, and the reply that refuses.
function holds.held(id, visitor)
  local hold, cart = holds.owned(id, visitor)
  if not hold then return nil, reply("unknown_hold") end
  if hold.state == "expired" then return nil, reply("hold_over") end
  if hold.state ~= "held" then return nil, reply("being_paid") end
  return hold, cart
end

-- Return whether an order's step is behind the one that the hold obeyed last.
function holds.is_behind(hold, step) return step < hold.step end

-- Return the store of a visitor's keys in this batch.
local function keys_of(visitor)
  if keys_batch ~= batch_number then keys_batch, visitors_keys = batch_number, {} end
  visitors_keys[visitor] = visitors_keys[visitor] or memory.hash("keys", visitor)
  return visitors_keys[visitor]
end

-- Forget the older half of a visitor's keys, and the holds that ended under them.
local function forget_keys(cart, keys)
  memory.settle(keys)
  local found, at = call("HGETALL", memory.key(keys)), {}
  for index = 1, #found, 2 do
    if found[index] ~= "" then at[#at + 1] = { found[index + 1], found[index] } end
  end
  for name, id in pairs(keys.own) do
    if id and name ~= "" then at[#at + 1] = { id, name } end
  end
  table.sort(at, function(one, other) return one[1] < other[1] end)
  for index = 1, floor(#at / 2) do
    local id, name = at[index][1], at[index][2]
    memory.write(keys, name, false)
    local packed = memory.text(apart, id)
    if packed and not holds.has_places(unpacked_hold(packed)) then memory.write(apart, id, false) end
  end
  cart.keys = #at - floor(#at / 2)
end

-- Remember which hold an idempotency key made. The empty key, which no client can send, names the
-- visitor's latest hold. The caller saves the cart.
function holds.remember_key(cart, hold)
  local keys = keys_of(hold.visitor)
  memory.read(keys, hold.key) -- a key of another type fails this command, and no other
  if cart.keys >= KEYS_MAX then forget_keys(cart, keys) end
  memory.write(keys, hold.key, hold.id)
  memory.write(keys, "", hold.id)
  cart.keys = cart.keys + 1
  if cart.keys_end - now < holds.KEPT_MS then
    keys.ttl, cart.keys_end = KEYS_MS, now + KEYS_MS
  end
end

-- Return the hold that an idempotency key made, or nil.
function holds.of_key(cart, name)
  local id = cart.keys > 0 and memory.read(keys_of(cart.visitor), name)
  return id and (holds.find(id, cart.visitor)) or nil
end

function holds.is_latest(hold)
  local latest = memory.read(keys_of(hold.visitor), "")
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
