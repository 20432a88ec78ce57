-- join_line(visitor, publish) -> waiting | admitted | late | line_closed | line_full
--
-- Give a visitor the next number of the line, or the place that they already have. Numbers
-- come from a counter, never from a clock, so nobody is admitted before a smaller one. `publish`,
-- every process hears of it: the visitor may be listening somewhere else than where they asked.
local JOINABLE = { scheduled = true, drawing = true, open = true, paused = true }

return function(command)
  if command.publish then tell("joined", { visitor = command.visitor }) end
  local had = place.of(command.visitor)
  if had then
    place.claim(had)
    local stands = place.tell(had)
    stands.again = true
    return stands
  end

  if not JOINABLE[rule("state")] then return answer("line_closed") end
  if redis.call("ZCARD", key("line", LANE)) >= tonumber(rule("waiting_max")) then
    return answer("line_full")
  end

  local one = { visitor = command.visitor, joined = now }
  one.number = redis.call("INCR", key("numbers", LANE))
  redis.call("ZADD", key("line", LANE), one.number, one.visitor)
  place.keep(one)
  place.note(one, "waiting")
  count("joined")
  return place.tell(one)
end
