-- load_places(places, gone) -> loaded | epoch_passed
--
-- Load a page of places in the recovery, each into the set that its state names, and a page of the
-- numbers beyond head that wait no more. The claim window of a pass begins anew.
local ENTER = {
  waiting = function(place)
    redis.call("ZADD", key("line", LANE), place.number, place.visitor)
  end,
  late = function(place) redis.call("ZADD", key("late"), place.until_ms, place.visitor) end,
  back = function(place) redis.call("ZADD", key("back"), place.number, place.visitor) end,
  admitted = function(place)
    place.deadline, place.claim = place.until_ms, now + rule("claim_seconds") * 1000
    redis.call("ZADD", key("active"), place.deadline, place.visitor)
    redis.call("ZADD", key("unclaimed"), place.claim, place.visitor)
  end,
}

return function(command)
  if not loading() then return reply("epoch_passed", { number = found_epoch() }) end
  for _, place in ipairs(command.places) do
    ENTER[place.state](place)
    places.save(place)
  end
  for _, number in ipairs(command.gone) do redis.call("ZADD", key("gone", LANE), number, number) end
  return reply("loaded")
end
