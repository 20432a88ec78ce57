-- Holds: the seats that one visitor keeps for some minutes, each hold one packed array.
--
-- Its state is held, paying, sold, released or expired. A living one (held, paying) is its visitor's
-- cart itself, a sold one lies under its own id, one that has ended among the past holds.
local CHURN_MS = 600000 -- a hold that ended unpaid counts for so long
local WARN_S = 60 -- before the end, or halfway when the hold is shorter than twice that

-- Enqueue a packed hold into the outbox: its last entry is its booking in Postgres.
function holds.enqueue(packed) memory.enqueue("\146\167booking" .. packed) end

-- Set a hold's state, and count its places in the event's figures.
local COUNTED_STATES = { held = true, paying = true, sold = true }
function holds.set_state(hold, state)
  if COUNTED_STATES[hold[AT.state]] then count(hold[AT.state], -hold[AT.quantity]) end
  if COUNTED_STATES[state] then count(state, hold[AT.quantity]) end
  hold[AT.state] = state
end

-- Return whether this hold has its places: it is held, being paid or sold.
function holds.has_places(hold) return COUNTED_STATES[hold[AT.state]] == true end

-- Return when a hold ends at the latest, extensions included; stops of the sale make it later.
function holds.last_deadline(hold)
  return hold[AT.made] + (rule("hold_total_seconds") or math.huge) * 1000
end

-- Return when a hold that is made or extended now ends.
function holds.deadline_from_now(hold)
  return min(sale_now() + rule("hold_seconds") * 1000, holds.last_deadline(hold))
end

-- Set the end of a cart's hold, and when it is announced.
function holds.set_deadline(cart, deadline)
  cart[AT.deadline] = deadline
  local seconds = min(WARN_S, floor((deadline - sale_now()) / 2000))
  cart[AT.warn] = deadline - seconds * 1000
end

function holds.is_due(hold) return hold[AT.state] == "held" and hold[AT.deadline] <= sale_now() end

-- Move a hold that has its places again, or still, into its visitor's cart.
function holds.move_to_cart(cart, hold)
  cart[AT.warn] = 0
  if hold == cart then return end
  past.drop(hold[AT.id])
  if cart[AT.id] ~= hold[AT.id] then past.put_away(cart) end
  carts.put(cart, hold)
end

-- Save a hold where it is, and its visitor's cart. Return the hold packed.
function holds.save(cart, hold)
  local packed = carts.save(cart)
  if hold == cart then return packed end
  packed = pack(hold)
  past.save(hold, packed)
  return packed
end

-- Load a hold that is sold or has ended, in a recovery. The caller saves the cart.
function holds.load_past(cart, hold)
  local is_sold = holds.has_places(hold)
  if is_sold then past.save(hold, pack(hold)) end
  if not is_sold or now - hold[AT.made] < past.KEPT_MS then past.load(cart, hold) end
end

-- Save a hold that is sold or has ended. Return it packed.
function holds.save_ended(cart, hold)
  if hold ~= cart then return holds.save(cart, hold) end
  cart[AT.warn], cart[AT.keys_end] = 0, now + past.KEPT_MS
  local packed = carts.save(cart)
  if cart[AT.state] == "sold" then past.save(cart, packed) end
  return packed
end

-- Return how many places of a hold have no seat.
function holds.standing(hold) return hold[AT.quantity] - #hold[AT.seats] end

-- Write one character to the seats of a hold, and count its places of a standing section.
--
-- `standing` is the sign of that count: −1 takes free places, +1 gives them back, 0 changes
-- nothing. Of `others` and `only` see seats.mark.
function holds.mark(hold, char, standing, others, only)
  local section = hold[AT.section]
  if #hold[AT.seats] > 0 then
    seats.mark(seats.grouped(hold[AT.seats]), char, others, only)
  end
  if section ~= "" and standing ~= 0 then
    seats.count_places(section, standing * holds.standing(hold))
  end
end

-- End a hold that is not being paid: free its seats, publish the end, enqueue it.
function holds.finish(cart, hold, state, reason)
  holds.mark(hold, ".", 1, nil, "h") -- a seat that was sold over it meanwhile stays sold
  publish({ news = "ended", epoch = epoch, visitor = hold[AT.visitor], hold = hold[AT.id],
    reason = reason })
  holds.enqueue(holds.close(cart, hold, state, reason))
end

-- Count a hold that ended unpaid, by the visitor's own doing, against their next one.
local EXCUSED = { removed = true, seats_lost = true, recovery = true }
function holds.count_churn(cart, at, reason)
  local most = rule("churn_max") or 0
  if most == 0 or EXCUSED[reason] then return end
  local churn = cart[AT.churn] or {}
  churn[#churn + 1] = at
  while #churn > most do table.remove(churn, 1) end
  cart[AT.churn] = churn
end

-- Return for how many ms more a visitor may make no hold, since so many of theirs ended unpaid.
function holds.cooling_ms(cart)
  local most, churn = rule("churn_max") or 0, cart[AT.churn]
  local first = most > 0 and churn and churn[#churn - most + 1]
  return first and max(0, first + CHURN_MS - now) or 0
end

-- Do what every end has in common, seats aside: state, cart, tickets taken, and 24 hours to live.
-- Return the hold packed.
function holds.close(cart, hold, state, reason)
  if hold[AT.state] ~= "sold" then holds.count_churn(cart, now, reason) end
  holds.set_state(hold, state)
  hold[AT.reason] = reason
  cart[AT.taken] = cart[AT.taken] - hold[AT.quantity]
  return holds.save_ended(cart, hold)
end

-- Return the cart's living hold, or nil. One that is due expires here.
function holds.living(cart)
  if not carts.is_living(cart) then return nil end
  if holds.is_due(cart) then
    holds.finish(cart, cart, "expired", "expired")
    return nil
  end
  return cart
end

-- Return the hold of this id, of the visitor's cart, past or sold, or nil.
local function hold_of(cart, id)
  if cart[AT.id] == id and cart[AT.state] ~= "sold" then return cart end
  local packed = past.find(id)
  return packed and unpacked_hold(packed) or nil
end

-- Return the hold of this id, or nil, and the visitor's cart.
function holds.find(id, visitor)
  local cart = carts.of(visitor)
  return hold_of(cart, id), cart
end

-- Return the visitor's hold of this id, nil where it is another's or was released, and the cart.
-- One that is due expires here.
function holds.owned(id, visitor)
  local hold, cart = holds.find(id, visitor)
  local is_theirs = hold and hold[AT.visitor] == visitor and hold[AT.state] ~= "released"
  if not is_theirs then return nil, cart end
  if holds.is_due(hold) then holds.finish(cart, hold, "expired", "expired") end
  return hold, cart
end

-- Return the same while it is held; otherwise nil, and the reply that refuses.
function holds.held(id, visitor)
  local hold, cart = holds.owned(id, visitor)
  if not hold then return nil, reply("unknown_hold") end
  if hold[AT.state] == "expired" then return nil, reply("hold_over") end
  if hold[AT.state] ~= "held" then return nil, reply("being_paid") end
  return hold, cart
end

-- Return whether an order's step is behind the one that the hold obeyed last.
function holds.is_behind(hold, step) return step < hold[AT.step] end

-- Return the hold that an idempotency key made, or nil.
function holds.of_key(cart, name)
  if cart[AT.key] == name then return cart end
  local found = past.of_key(cart, name)
  if not found then return nil end
  return found:byte() == ARRAY and unpacked_hold(found) or hold_of(cart, found)
end

-- Return whether the visitor has made no other hold since.
function holds.is_latest(cart, hold)
  return not carts.is_living(cart) and (not cart[AT.id] or cart[AT.id] == hold[AT.id])
end

-- Return the reply that shows a hold to its visitor, packed: the hold, and by how much the wall's
-- time is later than the sale's.
local BEGINS = { held = "\147" .. pack("held"), hold_exists = "\147" .. pack("hold_exists") }
function holds.reply(packed, tag, later)
  later = later or wall_time(0)
  return BEGINS[tag or "held"] .. packed .. (later == 0 and "\0" or pack(later))
end

-- Return the reply as the hold was made, whatever its state is now: for a repeat of the request.
function holds.reply_as_made(hold)
  local made = { unpack(hold, 1, AT.reason) }
  made[AT.state], made[AT.deadline], made[AT.left] = "held", hold[AT.first], hold[AT.left_first]
  return holds.reply(pack(made), "held", 0)
end
