-- set_free(section, version, free) -> obeyed | inventory_moved
--
-- Set the free places of a standing section as Postgres has them, if none has changed since this
-- version was read.
return function(id, version, places_left)
  local section = seats.section(id)
  if not section or section.kind ~= "standing"
    or seats.version(id) ~= version then
    return reply("inventory_moved")
  end
  seats.set_free(id, places_left)
  return reply("obeyed")
end
