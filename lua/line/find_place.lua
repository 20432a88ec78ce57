-- find_place(visitor) -> waiting | lobby | admitted | late | not_in_line
--
-- Read a visitor's place. Nothing is written: a look-up does not confirm presence.
return function(visitor)
  local place = places.of(visitor)
  return place and places.reply(place) or reply("not_in_line")
end
