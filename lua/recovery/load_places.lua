-- load_places(places, gone) -> loaded | epoch_passed
--
-- The one way back: a page of places, each in the set that its state names, and of the numbers
-- beyond head that wait no more. Passes go on, with a claim window that begins anew.
local ENTER = {
  waiting = function(one) redis.call("ZADD", key("line", LANE), one.number, one.visitor) end,
  late = function(one) redis.call("ZADD", key("late"), one.until_ms, one.visitor) end,
  back = function(one) redis.call("ZADD", key("back"), one.number, one.visitor) end,
  admitted = function(one)
    one.deadline, one.claim = one.until_ms, now + rule("claim_seconds") * 1000
    redis.call("ZADD", key("active"), one.deadline, one.visitor)
    redis.call("ZADD", key("unclaimed"), one.claim, one.visitor)
  end,
}

return function(command)
  if not loading() then return answer("epoch_passed", { number = found_epoch() }) end
  for _, one in ipairs(command.places) do
    ENTER[one.state](one)
    place.keep(one)
  end
  for _, number in ipairs(command.gone) do redis.call("ZADD", key("gone", LANE), number, number) end
  return answer("loaded")
end
