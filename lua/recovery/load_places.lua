-- load_places(places) -> loaded | epoch_passed
--
-- Load a page of places in the recovery, each into the set that its state names. The claim window
-- of a pass begins anew.
local STATES = { admitted = "unclaimed" }

return function(page)
  if not loading() then return { "epoch_passed", found_epoch() } end
  for _, found in ipairs(page) do
    local place = { visitor = found.visitor, state = "", number = found.number,
      joined = found.joined, wave = found.wave, admitted = found.admitted, claim = 0,
      deadline = found.until_ms, due = false, lane = found.lane, code = found.code,
      index = found.index, window = found.window, block = found.block }
    places.set_state(place, STATES[found.state] or found.state)
    if place.state == "unclaimed" then place.claim = sale_now() + rule("claim_seconds") * 1000 end
    local lane = line.lane(place.lane)
    if place.state == "waiting" then memory.insert(lane.waiting, place.visitor, place.number) end
    if place.state == "lobby" then memory.insert(lane.lobby, place.visitor, place.index) end
    places.save(place)
  end
  return reply("loaded")
end
