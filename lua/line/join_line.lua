-- join_line(visitor, publish) -> waiting | lobby | admitted | late | line_closed | line_full
--
-- Give a visitor the next number of the line, or the place that they have already. Numbers come
-- from a counter, never from a clock, so nobody is admitted before a smaller one. Where the rules
-- draw lots, the visitor gets an index in the lobby, and the number by the draw. With `publish`
-- the join is published first: the visitor's subscribers may be at another process.
local JOINABLE = { scheduled = true, drawing = true, open = true, paused = true }

return function(command)
  if command.publish then publish("joined", { visitor = command.visitor }) end
  local present = places.mark_seen(command.visitor)
  if present then
    local again = places.reply(present)
    again.again = true
    return again
  end

  if not JOINABLE[rule("state")] then return reply("line_closed") end
  if line.waiting() >= rule("waiting_max") then return reply("line_full") end
  return places.reply(places.begin(command.visitor))
end
