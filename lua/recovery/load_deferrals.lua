-- load_deferrals(joins) -> loaded | epoch_passed
--
-- Load a page of deferred joins in the recovery, with their turns.
return function(joins)
  if not loading() then return { "epoch_passed", found_epoch() } end
  for _, found in ipairs(joins) do
    local place = { visitor = found.visitor, state = "lobby", number = 0, index = 0, window = 0,
      joined = found.joined_ms, wave = 0, admitted = 0, claim = 0, deadline = 0, due = false,
      lane = found.lane, code = found.code, block = found.block, turn = found.turn }
    deferrals.add(line.lane(found.lane), place)
    places.save(place)
    if found.code ~= "" then codes.use(found.code, found.visitor, math.huge) end
  end
  return reply("loaded")
end
