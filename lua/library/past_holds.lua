-- Past holds: what repeats of a visitor's requests are answered by, for a day after a hold's end.
--
-- The hold that ended last is in the cart; a visitor who holds once costs no key of their own. When
-- another takes its place it goes under the visitor's idempotency key if nobody asks for it by its
-- id: it was released, and never paid. Any other goes under its id, and its id under that key. All of
-- these end by themselves. A sold hold lies under its id for ever, from when it is sold.
past = {}
past.KEPT_MS = 24 * 3600 * 1000
local apart = memory.strings("hold")
local by_key = memory.strings("key") -- visitor:key → a packed hold, or its id

-- Keep a hold that is in no cart for repeats.
local function keep(hold, packed)
  local id, state = hold[AT.id], hold[AT.state]
  local is_unpaid = state == "released" and hold[AT.attempt] == 0
  if not is_unpaid and state ~= "sold" then memory.write_text(apart, id, packed, past.KEPT_MS) end
  local name = hold[AT.visitor] .. ":" .. hold[AT.key]
  memory.write_text(by_key, name, is_unpaid and packed or id, past.KEPT_MS)
end

-- Put away the hold of a cart, which has ended, before another takes its place.
function past.put_away(cart)
  if not cart[AT.id] or cart[AT.keys_end] <= now then return end
  keep(cart, memory.read(in_carts, cart[AT.visitor]))
  cart[AT.has_past] = true
end

-- Save a hold that is not in its cart under its id.
function past.save(hold, packed)
  local is_sold = hold[AT.state] == "sold"
  memory.write_text(apart, hold[AT.id], packed, not is_sold and past.KEPT_MS or nil)
end

-- Put a hold that has ended into its cart in a recovery, or beside it while another one lives there.
function past.load(cart, hold)
  cart[AT.keys_end] = now + past.KEPT_MS
  if carts.is_living(cart) then
    keep(hold, pack(hold))
    cart[AT.has_past] = true
  else
    past.put_away(cart)
    carts.put(cart, hold)
  end
end

-- Forget a past hold that is none any more, but not its key.
function past.drop(id)
  if memory.text(apart, id) then memory.write(apart, id, false) end
end

-- Forget what a cart has of the past, once its time is over.
function past.expire(cart)
  if cart[AT.keys_end] > now then return end
  cart[AT.keys_end], cart[AT.has_past] = 0, false
  if not carts.is_living(cart) then carts.clear(cart) end
end

-- Return a hold that is not in its cart, packed; false where there is none.
function past.find(id) return memory.text(apart, id) end

-- Return what an idempotency key made before the hold in the cart: a packed hold, or its id; false
-- where there is none.
function past.of_key(cart, name)
  return cart[AT.has_past] and memory.text(by_key, cart[AT.visitor] .. ":" .. name)
end
