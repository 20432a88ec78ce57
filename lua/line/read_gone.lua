-- read_gone(after, lane) -> gone_numbers
--
-- Read the numbers of a lane beyond head that wait no more, as ranges in ascending order, a page at
-- a time. They are those between the numbers that wait, and after the last of them, as far as
-- numbers are settled. A process asks for them when its own count of them differs from a tick's.
return function(after, name)
  local lane = line.lane(name)
  local waiting = lane.waiting
  memory.settle(waiting)
  local number, last = max(after, line.head(lane)), lobby.settled(lane)
  local page = call("ZRANGEBYSCORE", memory.key(waiting), "(" .. text_of(number), text_of(last),
    "WITHSCORES", "LIMIT", 0, LIMIT)
  local ranges = {}
  local function add_up_to(next_waiting)
    if number + 1 < next_waiting then ranges[#ranges + 1] = { number + 1, next_waiting - 1 } end
    number = next_waiting
  end
  for index = 2, #page, 2 do add_up_to(tonumber(page[index])) end
  if #page < 2 * LIMIT then add_up_to(last + 1) end
  return { "gone_numbers", ranges, number < last, number }
end
