-- hold_seats(hold, visitor, key, print, seats, section, quantity, right, number, wave, publish)
--   -> held | key_reused | no_right | not_on_sale | unknown_seats | unknown_section | hold_exists
--   | limit_exceeded | mixed_currencies | seats_taken | sold_out
--
-- Keep seats for a visitor, all or nothing: named ones, the best of a section, or places of a
-- standing one. A repeat of the same wish is answered as it was, whatever became of the hold.
local ON_SALE = { open = true, paused = true, draining = true }

-- A visitor may hold while active; over HTTP with the very pass that is in force.
local function has_right(command, one)
  if command.right == "none" or not one then return false end
  local deadline = redis.call("ZSCORE", key("active"), command.visitor)
  if not deadline or tonumber(deadline) <= now then return false end
  return command.right == "place"
    or (one.number == command.number and (one.wave or 0) == command.wave)
end

-- What is wanted: { seats, prices, currency, section, quantity, adjacent }, or a refusal.
local function named(command)
  local rows, unknown = seats.grouped(command.seats)
  if #unknown > 0 then return nil, answer("unknown_seats", { seats = unknown }) end
  local wish = { seats = command.seats, prices = {}, section = "", quantity = #command.seats,
    adjacent = #rows == 1, rows = rows }
  for index, id in ipairs(command.seats) do
    local section = seats.section((seats.parts(id)))
    wish.prices[index] = section.amount
    if wish.currency and wish.currency ~= section.currency then
      return nil, answer("mixed_currencies")
    end
    wish.currency = section.currency
  end
  return wish
end

local function counted(command)
  local section = seats.section(command.section)
  if not section then return nil, answer("unknown_section") end
  return { seats = {}, prices = {}, section = command.section, quantity = command.quantity,
    adjacent = true, currency = section.currency, amount = section.amount,
    seated = section.kind == "seated" }
end

-- Whether the seats of one row stand side by side.
local function are_adjacent(numbers)
  local sorted = { unpack(numbers) }
  table.sort(sorted)
  return sorted[#sorted] - sorted[1] == #sorted - 1
end

-- Find the seats of a wish; a refusal where they are not to be had.
local function choose(wish)
  if wish.rows then
    wish.adjacent = wish.adjacent and are_adjacent(wish.rows[1].numbers)
    local conflicts = seats.conflicts(wish.rows)
    return #conflicts > 0 and answer("seats_taken", { conflicts = conflicts }) or nil
  end
  if seats.free(wish.section) < wish.quantity then return answer("sold_out") end
  if wish.seated then
    wish.seats, wish.adjacent = best.choose(wish.section, wish.quantity)
    if not wish.seats then return answer("sold_out") end
    for index = 1, wish.quantity do wish.prices[index] = wish.amount end
    wish.section = ""
  else
    wish.prices = { wish.amount }
  end
  return nil
end

local function make(command, one, wish)
  local made = {
    id = command.hold, visitor = command.visitor, state = "", seats = wish.seats,
    prices = wish.prices, currency = wish.currency, section = wish.section,
    quantity = wish.quantity, adjacent = wish.adjacent, made = now, extended = 0,
    left = tonumber(rule("extensions_max")), step = 0, attempt = 0, pay_until = 0, method = "",
    entry = "", reason = "", number = one.number, wave = one.wave or 0, key = command.key,
    print = command.print,
  }
  hold.set_deadline(made, now + rule("hold_seconds") * 1000)
  made.first, made.left_first = made.deadline, made.left
  hold.turn(made, "held")
  hold.put_in_cart(made)
  hold.keep(made)
  hold.note(made)
  hold.remember_key(made)
  if command.publish then tell("held", { visitor = made.visitor, hold = made.id }) end
  return made
end

return function(command)
  local id = redis.call("HGET", key("keys", command.visitor), command.key)
  local had = id and hold.of(id)
  if had and had.print ~= command.print then return answer("key_reused") end
  if had then return hold.tell_made(had) end

  local one = place.hear(command.visitor)
  if not has_right(command, one) then return answer("no_right") end
  if not ON_SALE[rule("state")] then return answer("not_on_sale") end

  local living = hold.living(command.visitor) -- one that is over ends here, before seats are read
  local wish, refusal
  if #command.seats > 0 then wish, refusal = named(command) else wish, refusal = counted(command) end
  if refusal then return refusal end
  if living then return hold.tell(living, "hold_exists") end
  local taken = tonumber(redis.call("HGET", key("taken"), command.visitor) or 0)
  local most = tonumber(rule("tickets_per_visitor_max"))
  if taken + wish.quantity > most then
    return answer("limit_exceeded", { most = most, taken = taken })
  end
  refusal = choose(wish)
  if refusal then return refusal end

  seats.mark(wish, "h", -1)
  return hold.tell(make(command, one, wish))
end
