-- draw_places(lane, window, drawn, numbers) -> places_drawn
--
-- Apply a page of the draw that is on its way: the indexes behind `drawn`, in their order, get these
-- numbers. Who left the lobby leaves a gap. A page of another draw, or one that was applied before,
-- changes nothing: so it may be sent twice, and by several at once. The reply says how far it is.
return function(name, window, drawn, numbers)
  local lane = line.lane(name)
  local draw = lobby.draw(lane)
  if not draw or draw.window ~= window then return { "places_drawn", 0 } end
  if draw.drawn ~= drawn then return { "places_drawn", draw.drawn } end
  local last = min(draw.last, drawn + #numbers)
  local members, visitors = lobby.members(lane, drawn + 1, last), {}
  for at = 1, #members, 2 do visitors[#visitors + 1] = members[at] end
  memory.read_ahead(stored, visitors)
  for at, visitor in ipairs(visitors) do
    local place = places.of(visitor)
    local number = numbers[members[2 * at] - drawn]
    if place then places.draw(place, number) else places.forget(visitor) end
  end
  lobby.mark_drawn(lane, draw, last)
  lane.is_head_stale = true
  return { "places_drawn", last }
end
