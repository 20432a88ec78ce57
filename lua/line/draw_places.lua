-- draw_places(lane, window, drawn, numbers) -> places_drawn
--
-- Apply a page of the draw that is on its way: the indexes behind `drawn`, in their order, get these
-- numbers. Who left the lobby leaves a gap. A page of another draw, or one that was applied before,
-- changes nothing: so it may be sent twice, and by several at once. The reply says how far it is.
return function(command)
  local lane = line.lane(command.lane)
  local draw = lobby.draw(lane)
  if not draw or draw.window ~= command.window then return reply("places_drawn", { drawn = 0 }) end
  if draw.drawn ~= command.drawn then return reply("places_drawn", { drawn = draw.drawn }) end
  local last = min(draw.last, command.drawn + #command.numbers)
  local members, visitors = lobby.members(lane, command.drawn + 1, last), {}
  for at = 1, #members, 2 do visitors[#visitors + 1] = members[at] end
  memory.read_ahead(stored, visitors)
  for at, visitor in ipairs(visitors) do
    local place = places.of(visitor)
    local number = command.numbers[members[2 * at] - command.drawn]
    if place then places.draw(place, number) else places.forget(visitor) end
  end
  lobby.mark_drawn(lane, draw, last)
  lane.is_head_stale = true
  return reply("places_drawn", { drawn = last })
end
