-- load_sections(sections) -> loaded | epoch_passed
--
-- Load sections in the recovery, with their rows as the claims and holds in Postgres say. Versions
-- begin beyond those of every epoch before, so that they only grow.
local PER_EPOCH = 1000000000

return function(sections)
  if not loading() then return { "epoch_passed", found_epoch() } end
  for _, section in ipairs(sections) do seats.put(section, epoch * PER_EPOCH) end
  return reply("loaded")
end
