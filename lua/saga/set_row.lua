-- set_row(section, row, read, text) -> obeyed | inventory_moved
--
-- Write a row as Postgres has it, if it is still as it was read: no seat has changed meanwhile.
return function(command)
  local found = seats.row(command.section, command.row)
  if found ~= command.read or #command.text ~= #found then return reply("inventory_moved") end
  seats.rewrite(command.section, command.row, found, command.text)
  return reply("obeyed")
end
