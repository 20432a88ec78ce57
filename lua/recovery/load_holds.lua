-- load_holds(holds) -> loaded | epoch_passed
--
-- Load a page of holds in the recovery, oldest first: living ones, sold ones, and those of the last
-- day. Their seats are loaded with the sections. PostgreSQL does not say when one was released, so
-- that counts as churn from when it was made.
local IN_CART = { held = true, paying = true }
local UNPAID = { expired = "deadline", released = "made" }

return function(command)
  if not loading() then return reply("epoch_passed", { number = found_epoch() }) end
  for _, packed in ipairs(command.holds) do
    local hold = holds.of_array(packed)
    local cart = carts.of(hold.visitor)
    if holds.has_places(hold) then
      count(hold.state, hold.quantity)
      cart.taken = cart.taken + hold.quantity
    end
    local ended = UNPAID[hold.state]
    if ended then holds.count_churn(cart, min(now, hold[ended]), hold.reason) end
    if IN_CART[hold.state] then
      cart.hold = hold
      if hold.state == "held" then holds.set_deadline(cart, hold.deadline) end
    else
      holds.save_apart(hold)
    end
    if now - hold.made < holds.KEPT_MS then holds.remember_key(cart, hold) end
    carts.save(cart)
  end
  return reply("loaded")
end
