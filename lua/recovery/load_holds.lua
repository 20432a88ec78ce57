-- load_holds(holds) -> loaded | epoch_passed
--
-- Load a page of holds in the recovery, oldest first: living ones, sold ones, and those of the last
-- day. Their seats are loaded with the sections.
return function(command)
  if not loading() then return reply("epoch_passed", { number = found_epoch() }) end
  for _, hold in ipairs(command.holds) do
    holds.save(hold)
    if holds.has_places(hold) then
      count(hold.state, hold.quantity)
      redis.call("HINCRBY", key("taken"), hold.visitor, hold.quantity)
    else
      redis.call("PEXPIRE", key("hold", hold.id), holds.KEPT_MS)
    end
    if hold.state == "held" then holds.set_deadline(hold, hold.deadline) end
    if hold.state == "held" or hold.state == "paying" then
      redis.call("HSET", key("carts"), hold.visitor, hold.id)
    end
    if now - hold.made < holds.KEPT_MS then holds.remember_key(hold) end
  end
  return reply("loaded")
end
