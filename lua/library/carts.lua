-- Carts: what one visitor has of an event, one packed array.
--
-- A cart has its visitor's living hold, how many tickets are held and bought, the hold that ended
-- last (see past_holds.lua), and in `churn` the times at which the last ones ended unpaid.
-- `hold_deadlines` has the next time at which something of a cart ends: a hold is to be announced, a
-- hold ends, or the past ones do. Ends of holds are in sale time; the others, of the wall's, may come
-- later than asked for, which keeps past holds longer.
local holds, carts = {}, {}
local in_carts = memory.hash("carts")
local hold_deadlines = memory.zset("hold_deadlines")

-- Where a hold's array has what, in the order of Hold in Python: a table of 25 names is made slowly.
local AT = { id = 1, visitor = 2, state = 3, seats = 4, prices = 5, currency = 6, section = 7,
  quantity = 8, adjacent = 9, made = 10, deadline = 11, first = 12, left = 13, left_first = 14,
  extended = 15, step = 16, number = 17, wave = 18, key = 19, print = 20, attempt = 21, method = 22,
  pay_until = 23, entry = 24, reason = 25 }
local NOTHING, ARRAY = 194, 220 -- as packed values begin: false, and a hold, after two bytes more

-- Return a hold that is packed from an offset on, in a table of its size; nil where there is false.
local function unpacked_hold(packed, at)
  local head = packed:byte(at + 1)
  if head == NOTHING then return nil end
  if head ~= ARRAY then error("Bad data: not a hold") end
  return { select(2, unpack_limit(packed, AT.reason, at + 3)) }
end

-- Return a visitor's cart: { visitor, taken, keys_end, has_past, warn, due, churn, former_key,
-- former_id, former, hold }.
function carts.of(visitor)
  local packed = memory.read(in_carts, visitor)
  if not packed then
    return { visitor = visitor, taken = 0, keys_end = 0, has_past = false, warn = 0,
      due = false, churn = false, former_key = false, former_id = false, former = false }
  end
  local at, taken, keys_end, has_past, warn, due, churn, former_key, former_id, former =
    unpack_values(packed, 9)
  return { visitor = visitor, taken = taken, keys_end = keys_end, has_past = has_past, warn = warn,
    due = due, churn = churn, former_key = former_key, former_id = former_id, former = former,
    hold = unpacked_hold(packed, at) }
end

local function due_of(cart)
  local due = cart.keys_end > 0 and cart.keys_end
  if cart.hold and cart.hold[AT.state] == "held" then
    local ends = cart.warn > 0 and cart.warn or cart.hold[AT.deadline]
    due = due and min(due, ends) or ends
  end
  return due
end

-- Save a cart as it is; one in which nothing is left is forgotten. Return its hold, packed.
function carts.save(cart)
  local due = due_of(cart)
  if due ~= cart.due then memory.write(hold_deadlines, cart.visitor, due) end
  cart.due = due
  local packed = cart.hold and pack(cart.hold)
  local is_empty = not packed and cart.taken == 0 and cart.keys_end == 0
  memory.write(in_carts, cart.visitor, not is_empty -- an array of ten, whose hold is packed once
    and "\154" .. pack(cart.taken, cart.keys_end, cart.has_past, cart.warn, due, cart.churn, cart.former_key, cart.former_id, cart.former) .. (packed or "\194"))
  return packed
end
