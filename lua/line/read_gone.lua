-- read_gone(after) -> gone_numbers
--
-- Read the numbers beyond head that wait no more, in ascending order, a page at a time. A process
-- asks for them when its own count of them differs from a tick's.
return function(command)
  local from = "(" .. string.format("%.0f", command.after)
  local page = redis.call("ZRANGEBYSCORE", key("gone", LANE), from, "+inf", "LIMIT", 0, LIMIT)
  local numbers = {}
  for index, number in ipairs(page) do numbers[index] = tonumber(number) end
  return reply("gone_numbers", { numbers = numbers, more = #page == LIMIT })
end
