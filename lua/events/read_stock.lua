-- read_stock() -> stock_read
--
-- Read how many places are free in each section, as (section, free places). It costs the same
-- however many wait.
return function()
  local free = {}
  for index, value in ipairs(seats.free_by_section()) do
    local at = floor((index + 1) / 2)
    if index % 2 == 1 then free[at] = { value } else free[at][2] = tonumber(value) end
  end
  return { "stock_read", free, memory.number(stats, "admitted") }
end
