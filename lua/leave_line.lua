-- leave_line(visitor, reason) -> left | not_in_line
--
-- Give up a place or a pass for good, by the visitor's wish or by an operator's hand.
return function(command)
  local one = place.of(command.visitor)
  if not one then return answer("not_in_line") end
  return answer("left", { entry = place.finish(one, command.reason) })
end
