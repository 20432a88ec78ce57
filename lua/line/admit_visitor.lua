-- admit_visitor(visitor, reason) -> admitted | not_in_line | line_closed
--
-- An operator's hand: admit one visitor out of turn, beyond active_max, for a journaled reason.
return function(command)
  local one = place.of(command.visitor)
  if not one then return answer("not_in_line") end
  local state = rule("state")
  if state == "closed" then return answer("line_closed") end

  if not redis.call("ZSCORE", key("active"), one.visitor) then
    place.admit(one, redis.call("HINCRBY", key("stats"), "wave", 1), command.reason)
  end
  return place.tell(one)
end
