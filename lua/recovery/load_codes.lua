-- load_codes(uses) -> loaded | epoch_passed
--
-- Load a page of uses of codes in the recovery, each a code and the visitor who used it.
return function(uses)
  if not loading() then return { "epoch_passed", found_epoch() } end
  for _, use in ipairs(uses) do codes.use(use[1], use[2], math.huge) end
  return reply("loaded")
end
