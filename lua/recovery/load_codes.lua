-- load_codes(uses) -> loaded | epoch_passed
--
-- Load a page of uses of codes in the recovery, each a code and the visitor who used it.
return function(command)
  if not loading() then return reply("epoch_passed", { number = found_epoch() }) end
  for _, use in ipairs(command.uses) do codes.use(use[1], use[2], math.huge) end
  return reply("loaded")
end
