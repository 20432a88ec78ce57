-- set_free(section, version, free) -> obeyed | inventory_moved
--
-- Set the free places of a standing section as Postgres has them, if none has changed since this
-- version was read.
return function(command)
  local section = seats.section(command.section)
  if not section or section.kind ~= "standing"
    or seats.version(command.section) ~= command.version then
    return reply("inventory_moved")
  end
  seats.set_free(command.section, command.free)
  return reply("obeyed")
end
