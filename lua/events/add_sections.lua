-- add_sections(sections) -> sections_added
--
-- Put sections into an event on sale. A section that it has already stays as it is.
return function(sections)
  for _, section in ipairs(sections) do
    if not seats.section(section.id) then seats.put(section, 0) end
  end
  return reply("sections_added")
end
