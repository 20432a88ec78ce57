-- add_sections(sections) -> sections_added
--
-- Sections that an operator added to an event on sale; those that are here stay as they are.
return function(command)
  for _, section in ipairs(command.sections) do
    if not seats.section(section.id) then seats.put(section, 0) end
  end
  return answer("sections_added")
end
