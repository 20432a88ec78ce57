-- load_holds(holds) -> loaded | epoch_passed
--
-- The one way back: a page of holds, oldest first, living, sold and of the last day. Their seats
-- came with the sections.
return function(command)
  if not loading() then return answer("epoch_passed", { number = found_epoch() }) end
  for _, one in ipairs(command.holds) do
    hold.keep(one)
    if hold.has_places(one) then
      count(one.state, one.quantity)
      redis.call("HINCRBY", key("taken"), one.visitor, one.quantity)
    else
      redis.call("PEXPIRE", key("hold", one.id), hold.KEPT_MS)
    end
    if one.state == "held" then hold.set_deadline(one, one.deadline) end
    if one.state == "held" or one.state == "paying" then
      redis.call("HSET", key("carts"), one.visitor, one.id)
    end
    if now - one.made < hold.KEPT_MS then hold.remember_key(one) end
  end
  return answer("loaded")
end
