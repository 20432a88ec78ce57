-- find_place(visitor) -> waiting | admitted | late | not_in_line
--
-- Where a visitor stands; nothing is changed, so looking is not being heard of.
return function(command)
  local one = place.of(command.visitor)
  if not one then return answer("not_in_line") end
  return place.tell(one)
end
