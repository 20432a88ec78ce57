-- put_back(place, by) -> is_put_back | cannot_put_back
--
-- Put a place back that an operator's removal took away, with its number, its rest of a pass and
-- its rest of a missed turn. Where the line has gone on beyond its number it takes a next slot.
-- A repeat is answered alike.
local KEPT = { waiting = true, unclaimed = true, active = true, late = true, back = true }

return function(was, by)
  local visitor, state, number, joined, wave, admitted, to_claim, to_end, name, code, index,
    window = unpack(was)
  local lane, present = line.lane(name), places.of(visitor)
  if present and present.number == number and present.lane == name then
    return reply("is_put_back")
  end
  if rule("state") == "closed" or present or not KEPT[state]
    or number > line.number(lane, "given") then
    return reply("cannot_put_back")
  end
  local place = { visitor = visitor, state = "", number = number, joined = joined, wave = wave,
    admitted = admitted, claim = sale_now() + to_claim, deadline = sale_now() + to_end, due = false,
    lane = name, code = code, index = index, window = window, block = "" }
  if state == "waiting" and number <= line.head(lane) then state = "back" end
  places.set_state(place, state)
  if state == "waiting" then memory.insert(lane.waiting, visitor, number) end
  places.save(place)
  local is_timed = places.is_active(place) or state == "late"
  places.enqueue(place, places.is_active(place) and "admitted" or state, "put back: " .. by,
    is_timed and place.deadline or 0)
  publish({ news = "joined", epoch = epoch, visitor = visitor })
  return reply("is_put_back")
end
