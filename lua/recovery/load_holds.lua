-- load_holds(holds) -> loaded | epoch_passed
--
-- Load a page of holds in the recovery, oldest first: living ones, sold ones, and those of the last
-- day. Their seats are loaded with the sections. PostgreSQL does not say when one was released, so
-- that counts as churn from when it was made.
local UNPAID = { expired = AT.deadline, released = AT.made }

return function(page)
  if not loading() then return { "epoch_passed", found_epoch() } end
  for _, hold in ipairs(page) do
    local cart = carts.of(hold[AT.visitor])
    if holds.has_places(hold) then
      count(hold[AT.state], hold[AT.quantity])
      cart[AT.taken] = cart[AT.taken] + hold[AT.quantity]
    end
    local ended = UNPAID[hold[AT.state]]
    if ended then holds.count_churn(cart, min(now, hold[ended]), hold[AT.reason]) end
    if carts.is_living(hold) then
      holds.move_to_cart(cart, hold)
      if hold[AT.state] == "held" then holds.set_deadline(cart, hold[AT.deadline]) end
    else
      holds.load_past(cart, hold)
    end
    carts.save(cart)
  end
  return reply("loaded")
end
