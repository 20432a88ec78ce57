-- Past holds: what repeats of a visitor's requests are answered by, for a day after a hold's end.
--
-- The hold that ended last is in the cart, as `former`, with its idempotency key; a visitor who
-- holds once costs no key of their own. When another ends it goes under its id, and its key under
-- the visitor's, each to end by itself. A sold hold lies under its id for ever.
local past = {}
past.KEPT_MS = 24 * 3600 * 1000
local apart = memory.strings("hold")
local ids = memory.strings("key") -- visitor:key → the hold's id

-- Put the former hold of a cart, and its key, under keys of their own.
local function put_away(cart)
  if not cart.former_id or cart.keys_end <= now then return end
  if cart.former then
    memory.write_text(apart, cart.former_id, cart.former, past.KEPT_MS)
  end
  memory.write_text(ids, cart.visitor .. ":" .. cart.former_key, cart.former_id, past.KEPT_MS)
  cart.has_past = true
end

-- Make a hold that leaves its cart the former one; `packed` is false where it is sold. The caller
-- saves the cart.
function past.retire(cart, hold, packed)
  put_away(cart)
  cart.former_key, cart.former_id, cart.former = hold[AT.key], hold[AT.id], packed
  cart.keys_end = now + past.KEPT_MS
end

-- Save a hold that is not in its cart: as the former one, or under its id. The caller saves the cart.
function past.save(cart, hold, packed, is_sold)
  if cart.former_id == hold[AT.id] then
    cart.former = not is_sold and packed
    if not is_sold then return end
  end
  memory.write_text(apart, hold[AT.id], packed, not is_sold and past.KEPT_MS or nil)
end

-- Forget a past hold that is none any more, but not its key. The caller saves the cart.
function past.drop(cart, id)
  if cart.former_id == id then cart.former = false end
  if memory.text(apart, id) then memory.write(apart, id, false) end
end

-- Forget what a cart has of the past, once its time is over.
function past.expire(cart)
  if cart.keys_end > now then return end
  cart.keys_end, cart.has_past = 0, false
  cart.former_key, cart.former_id, cart.former = false, false, false
end

-- Return a hold that has left its cart, packed; false where there is none.
function past.find(cart, id)
  return cart.former_id == id and cart.former or memory.text(apart, id)
end

-- Return the id of the hold that left its cart and was made by an idempotency key; false where
-- there is none.
function past.id_of_key(cart, name)
  if cart.former_key == name then return cart.former_id end
  return cart.has_past and memory.text(ids, cart.visitor .. ":" .. name)
end
