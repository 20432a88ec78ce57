-- hold_seats(hold, visitor, key, print, seats, section, quantity, right, number, wave, publish,
--   given_back)
--   -> held | key_reused | no_right | sale_is_stopped | not_on_sale | unknown_seats | unknown_section
--   | hold_exists | cooling_down | limit_exceeded | mixed_currencies | seats_taken | sold_out
--
-- Hold seats for a visitor, all or nothing: named seats, places of a standing section, both, or the
-- best of a section. A repeat of the same request is answered as the first was, whatever the hold's
-- state is now. With `publish` the hold is published, and whether an operator gave it back: then
-- nobody has told its visitor of it.
local ON_SALE = { open = true, paused = true, draining = true }

-- Return whether the visitor may hold: active, and over HTTP with the pass that is in force; and the
-- number and wave of their pass.
local function has_right(visitor, right, number, wave)
  local has_number, has_wave, deadline = places.pass_of(visitor)
  if right == "none" or not has_number or deadline <= sale_now() then return false end
  if right == "pass" and (has_number ~= number or has_wave ~= wave) then return false end
  return true, has_number, has_wave
end

-- Return the request for named seats: { seats, prices, currency, section, quantity, standing,
-- adjacent, rows }; otherwise nil and the reply that refuses.
local function named_seats(ids)
  local rows, sections, unknown = seats.grouped(ids)
  if unknown then return nil, { "unknown_seats", unknown } end
  local request = { seats = ids, prices = {}, section = "", quantity = #ids, standing = 0,
    adjacent = #rows == 1, rows = rows }
  for index, id in ipairs(sections) do
    local section = seats.section(id)
    request.prices[index] = section.amount
    if request.currency and request.currency ~= section.currency then
      return nil, reply("mixed_currencies")
    end
    request.currency = section.currency
  end
  return request
end

-- Return the request for named seats, and for places of a standing section with them; otherwise nil
-- and the reply that refuses.
local function seats_and_places(ids, id, places)
  local request, refusal = named_seats(ids)
  if refusal or id == "" then return request, refusal end
  local section = seats.section(id)
  if not section or section.kind ~= "standing" then return nil, reply("unknown_section") end
  if section.currency ~= request.currency then return nil, reply("mixed_currencies") end
  request.section, request.standing, request.quantity = id, places, #ids + places
  request.prices[#ids + 1] = section.amount
  return request
end

-- Return the request for a number of places of a section, whose seats are not chosen yet.
local function places_of_section(id, quantity)
  local section = seats.section(id)
  if not section then return nil, reply("unknown_section") end
  return { seats = {}, prices = {}, section = id, quantity = quantity, standing = quantity,
    adjacent = true, currency = section.currency, amount = section.amount,
    seated = section.kind == "seated" }
end

-- Return whether the seats of one row are side by side.
local function are_adjacent(numbers)
  return max(unpack(numbers)) - min(unpack(numbers)) == #numbers - 1
end

-- Fill in the seats of a request. Return nil, or the reply that refuses.
local function choose(request)
  if request.rows then
    request.adjacent = request.adjacent and are_adjacent(request.rows[1].numbers)
    local conflicts = seats.conflicts(request.rows)
    if conflicts then return { "seats_taken", conflicts } end
  end
  if request.section ~= "" and seats.free(request.section) < request.standing then
    return reply("sold_out")
  end
  if request.rows then return nil end
  if request.seated then
    request.seats, request.adjacent = best.choose(request.section, request.quantity)
    if not request.seats then return reply("sold_out") end
    for index = 1, request.quantity do request.prices[index] = request.amount end
    request.section, request.standing = "", 0
  else
    request.prices = { request.amount }
  end
  return nil
end

-- Take the places of a request.
local function take(request)
  if request.section ~= "" then seats.count_places(request.section, -request.standing) end
  if request.standing < request.quantity then
    seats.mark(request.rows or seats.grouped(request.seats), "h")
  end
end

-- Return the visitor's cart with a new hold, as AT has it.
local function hold_of(id, visitor, name, print, number, wave, request, cart)
  return { id, visitor, "", request.seats, request.prices, request.currency,
    request.section, request.quantity, request.adjacent, now, 0, 0, rule("extensions_max"), 0, 0,
    0, number, wave, name, print, 0, "", 0, "", "",
    cart[AT.taken] + request.quantity, cart[AT.due], 0, cart[AT.keys_end], cart[AT.has_past],
    cart[AT.churn] }
end

local function make(hold, publishes, given_back)
  holds.set_state(hold, "held")
  holds.set_deadline(hold, holds.deadline_from_now(hold))
  hold[AT.first], hold[AT.left_first] = wall_time(hold[AT.deadline]), hold[AT.left]
  local packed = carts.save(hold)
  holds.enqueue(packed)
  if publishes then
    publish({ news = "held", epoch = epoch, visitor = hold[AT.visitor], hold = hold[AT.id],
      given_back = given_back })
  end
  return packed
end

return function(id, visitor, name, print, ids, section, quantity, right, number, wave, publishes,
  given_back)
  local cart = carts.of(visitor)
  local first = holds.of_key(cart, name)
  if first and first[AT.print] ~= print then return reply("key_reused") end
  if first then return holds.reply_as_made(first) end

  local may_hold, has_number, has_wave = has_right(visitor, right, number, wave)
  if not may_hold then return reply("no_right") end
  if sale_is_stopped() then return reply("sale_is_stopped") end
  if not ON_SALE[rule("state")] then return reply("not_on_sale") end

  local living = holds.living(cart) -- a due one expires here, before seats are read
  local request, refusal
  if #ids > 0 then
    request, refusal = seats_and_places(ids, section, quantity)
  else
    request, refusal = places_of_section(section, quantity)
  end
  if refusal then return refusal end
  if living then return holds.reply(pack(living), "hold_exists") end
  local cooling_ms = holds.cooling_ms(cart)
  if cooling_ms > 0 then return { "cooling_down", cooling_ms } end
  local most = rule("tickets_per_visitor_max")
  if cart[AT.taken] + request.quantity > most then
    return { "limit_exceeded", most, cart[AT.taken] }
  end
  refusal = choose(request)
  if refusal then return refusal end

  take(request)
  past.put_away(cart)
  local hold = hold_of(id, visitor, name, print, has_number, has_wave, request, cart)
  return holds.reply(make(hold, publishes, given_back))
end
