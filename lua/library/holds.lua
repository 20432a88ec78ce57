-- Holds: the seats that one visitor keeps for some minutes, each hold one packed array.
--
-- Its state is held, paying, sold, released or expired. A living one (held, paying) is in its
-- visitor's cart, a sold one under its own id, one that has ended among the past holds.
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
  cart.hold[AT.deadline] = deadline
  local seconds = min(WARN_S, floor((deadline - sale_now()) / 2000))
  cart.warn = deadline - seconds * 1000
end

function holds.is_due(hold) return hold[AT.state] == "held" and hold[AT.deadline] <= sale_now() end

-- Put a hold into its visitor's cart; `taken` counts tickets held and bought, for the limit.
function holds.put_in_cart(cart, hold)
  cart.hold = hold
  cart.taken = cart.taken + hold[AT.quantity]
end

-- Move a hold that has its places again, or still, into its visitor's cart.
function holds.move_to_cart(cart, hold)
  past.drop(cart, hold[AT.id])
  cart.hold, cart.warn = hold, 0
end

-- Save a hold that is not in its cart where it is.
function holds.save_apart(cart, hold)
  past.save(cart, hold, pack(hold), holds.has_places(hold))
  carts.save(cart)
end

-- Load a hold that is sold or has ended, in a recovery. The caller saves the cart.
function holds.load_past(cart, hold)
  local packed, is_sold = pack(hold), holds.has_places(hold)
  if not is_sold or now - hold[AT.made] < past.KEPT_MS then
    past.retire(cart, hold, not is_sold and packed)
  end
  if is_sold then past.save(cart, hold, packed, true) end
end

-- Save a hold that is sold or has ended. It leaves its cart, if it is there. Return it packed.
function holds.take_out(cart, hold)
  local packed, is_sold = pack(hold), holds.has_places(hold)
  local was_in_cart = cart.hold and cart.hold[AT.id] == hold[AT.id]
  if was_in_cart then
    cart.hold, cart.warn = nil, 0
    past.retire(cart, hold, not is_sold and packed)
  end
  if is_sold or not was_in_cart then past.save(cart, hold, packed, is_sold) end
  carts.save(cart)
  return packed
end

-- Write one character to the seats of a hold; in a standing section, count its places instead.
--
-- `standing` is the sign of that count: −1 takes free places, +1 gives them back, 0 changes
-- nothing. Of `others` and `only` see seats.mark.
function holds.mark(hold, char, standing, others, only)
  local section = hold[AT.section]
  if section == "" then
    seats.mark(seats.grouped(hold[AT.seats]), char, others, only)
  elseif standing ~= 0 then
    seats.count_places(section, standing * hold[AT.quantity])
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
  cart.churn = cart.churn or {}
  cart.churn[#cart.churn + 1] = at
  while #cart.churn > most do table.remove(cart.churn, 1) end
end

-- Return for how many ms more a visitor may make no hold, since so many of theirs ended unpaid.
function holds.cooling_ms(cart)
  local most = rule("churn_max") or 0
  local first = most > 0 and cart.churn and cart.churn[#cart.churn - most + 1]
  return first and max(0, first + CHURN_MS - now) or 0
end

-- Do what every end has in common, seats aside: state, cart, tickets taken, and 24 hours to live.
-- Return the hold packed.
function holds.close(cart, hold, state, reason)
  if hold[AT.state] ~= "sold" then holds.count_churn(cart, now, reason) end
  holds.set_state(hold, state)
  hold[AT.reason] = reason
  cart.taken = cart.taken - hold[AT.quantity]
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

-- Return the hold of this id, of the visitor's cart, past or sold, or nil.
local function hold_of(cart, id)
  if cart.hold and cart.hold[AT.id] == id then return cart.hold end
  local packed = past.find(cart, id)
  return packed and unpacked_hold(packed, 0) or nil
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
  if cart.hold and cart.hold[AT.key] == name then return cart.hold end
  local id = past.id_of_key(cart, name)
  return id and hold_of(cart, id) or nil
end

-- Return whether the visitor has made no other hold since.
function holds.is_latest(cart, hold)
  return not cart.hold and (not cart.former_id or cart.former_id == hold[AT.id])
end

-- Return the reply that shows a hold to its visitor: `held`, unless another tag is given.
function holds.reply(hold, tag)
  return { tag = tag or "held", id = hold[AT.id], state = hold[AT.state], seats = hold[AT.seats],
    prices = hold[AT.prices], currency = hold[AT.currency], section = hold[AT.section],
    quantity = hold[AT.quantity], adjacent = hold[AT.adjacent],
    deadline_ms = wall_time(hold[AT.deadline]), left = hold[AT.left] }
end

-- Return the reply as the hold was made, whatever its state is now: for a repeat of the request.
function holds.reply_as_made(hold)
  local made = holds.reply(hold)
  made.state, made.deadline_ms, made.left = "held", hold[AT.first], hold[AT.left_first]
  return made
end
