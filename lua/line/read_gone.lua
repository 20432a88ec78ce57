-- read_gone(after) -> gone_numbers
--
-- Numbers beyond head that wait no more, in order, a page at a time: what a process reads when
-- its count of them disagrees with a tick.
return function(command)
  local from = "(" .. string.format("%.0f", command.after)
  local page = redis.call("ZRANGEBYSCORE", key("gone", LANE), from, "+inf", "LIMIT", 0, LIMIT)
  local numbers = {}
  for index, number in ipairs(page) do numbers[index] = tonumber(number) end
  return answer("gone_numbers", { numbers = numbers, more = #page == LIMIT })
end
