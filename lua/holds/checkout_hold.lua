-- checkout_hold(visitor, hold, method) -> checked_out | unknown_hold | hold_over | sale_is_stopped
--
-- Turn a held hold into one that is being paid: it ends no more by time, and its outbox entry
-- starts the payment once Postgres has it. A repeat returns the first reply's attempt and entry.
local ENTRY = 3 -- of the reply

local function begin(cart, hold, method)
  holds.set_state(hold, "paying")
  hold[AT.attempt], hold[AT.method] = hold[AT.attempt] + 1, method
  hold[AT.pay_until], hold[AT.reason] = now + rule("payment_seconds") * 1000, ""
  cart[AT.warn] = 0
  holds.enqueue(carts.save(cart))
  local answer = { "checked_out", hold[AT.attempt], "", false }
  memory.with_entry(function(entry)
    answer[ENTRY] = entry
    local changed = carts.of(hold[AT.visitor]) -- a later command of this batch may have changed it
    if changed[AT.id] == hold[AT.id] then
      changed[AT.entry] = entry
      carts.save(changed)
    end
  end)
  return answer
end

return function(visitor, id, method)
  places.touch(visitor)
  local hold, cart = holds.find(id, visitor)
  if not hold or hold[AT.visitor] ~= visitor then return reply("unknown_hold") end
  if holds.is_due(hold) then holds.finish(cart, hold, "expired", "expired") end
  if hold[AT.state] == "held" and sale_is_stopped() then return reply("sale_is_stopped") end
  if hold[AT.state] == "held" then return begin(cart, hold, method) end
  if hold[AT.attempt] == 0 then
    return reply(hold[AT.state] == "expired" and "hold_over" or "unknown_hold")
  end
  local again = { "checked_out", hold[AT.attempt], hold[AT.entry], true }
  if hold[AT.entry] == "" then memory.with_entry(function(entry) again[ENTRY] = entry end) end
  return again
end
