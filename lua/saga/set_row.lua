-- set_row(section, row, read, text) -> obeyed | inventory_moved
--
-- Write a row as Postgres has it, if it is still as it was read: no seat has changed meanwhile.
return function(section, row, read, text)
  local found = seats.row(section, row)
  if found ~= read or #text ~= #found then return reply("inventory_moved") end
  seats.rewrite(section, row, found, text)
  return reply("obeyed")
end
