-- Carts: what one visitor has of an event, one packed array: their last hold, and what a cart counts.
--
-- The hold is their living one, or else the one that ended last; of a sold one only id and key count
-- here (see past_holds.lua). Then come how many tickets are held and bought, the time by which
-- `hold_deadlines` has the cart, when the hold is announced, until when repeats are answered, and the
-- times at which the last holds ended unpaid. `hold_deadlines` has the next time at which something
-- of a cart ends: a hold is to be announced, a hold ends, or the past ones do. Ends of holds are in
-- sale time; the others, of the wall's, may come later than asked for, which keeps past holds longer.
holds, carts = {}, {}
in_carts = memory.hash("carts")
hold_deadlines = memory.schedule("hold_deadlines")

-- Where an array has what, a hold's fields first, in the order of Hold in Python. A table of 25 names
-- is made slowly; and packed once, the array is the cart's value, the outbox entry and the reply.
AT = { id = 1, visitor = 2, state = 3, seats = 4, prices = 5, currency = 6, section = 7,
  quantity = 8, adjacent = 9, made = 10, deadline = 11, first = 12, left = 13, left_first = 14,
  extended = 15, step = 16, number = 17, wave = 18, key = 19, print = 20, attempt = 21, method = 22,
  pay_until = 23, entry = 24, reason = 25,
  taken = 26, due = 27, warn = 28, keys_end = 29, has_past = 30, churn = 31 }
ARRAY = 220 -- as a hold and a cart begin, before their length in two bytes
local LIVING = { held = true, paying = true }
local EMPTY = {} -- cart of a visitor who has nothing
for at = 1, AT.churn do EMPTY[at] = false end
EMPTY[AT.taken], EMPTY[AT.warn], EMPTY[AT.keys_end] = 0, 0, 0

-- Return the first values of a packed hold or cart, in a table of their size.
local function unpacked(packed, most)
  if packed:byte() ~= ARRAY then error("Bad data: not a hold") end
  return { select(2, unpack_limit(packed, most, 3)) }
end

-- Return a hold that is packed by itself, or as a cart.
function unpacked_hold(packed) return unpacked(packed, AT.reason) end

-- Return a visitor's cart. It is its hold, too: who changes one changes the other.
function carts.of(visitor)
  local packed = memory.read(in_carts, visitor)
  if packed then return unpacked(packed, AT.churn) end
  local cart = { unpack(EMPTY) }
  cart[AT.visitor] = visitor
  return cart
end

-- Return whether the hold of a cart is held or being paid.
function carts.is_living(cart) return LIVING[cart[AT.state]] == true end

-- Return whether a visitor has a living hold, or one that ended in the last day.
function carts.has_held(visitor)
  local packed = memory.read(in_carts, visitor)
  if not packed then return false end
  local _, _, _, state = unpack_limit(packed, AT.state, 3)
  return LIVING[state] or carts.of(visitor)[AT.keys_end] > now
end

-- Put a hold into a cart instead of the one that is there.
function carts.put(cart, hold)
  for at = 1, AT.reason do cart[at] = hold[at] end
end

-- Forget the hold of a cart.
function carts.clear(cart)
  for at = 1, AT.reason do cart[at] = at == AT.visitor and cart[at] end
end

local function due_of(cart)
  local due = cart[AT.keys_end] > 0 and cart[AT.keys_end]
  if cart[AT.state] == "held" then
    local ends = cart[AT.warn] > 0 and cart[AT.warn] or cart[AT.deadline]
    due = due and min(due, ends) or ends
  end
  return due
end

-- Save a cart as it is; one in which nothing is left is forgotten. Return it packed, as its hold.
function carts.save(cart)
  local due = due_of(cart)
  if due and due ~= cart[AT.due] then memory.write(hold_deadlines, cart[AT.visitor], due) end
  cart[AT.due] = due
  local packed = pack(cart)
  local is_empty = cart[AT.taken] == 0 and cart[AT.keys_end] == 0 and not LIVING[cart[AT.state]]
  memory.write(in_carts, cart[AT.visitor], not is_empty and packed)
  return packed
end
