-- load_event(version, state, rules, numbers, head, stats, lanes, windows, last_windows)
--   -> loaded | epoch_passed
--
-- Load the event's rules, lanes, counters, figures and windows that are not drawn as Postgres has
-- them, in the recovery. Postgres has the place of every number that was given, so `kept` is the
-- last of them. Nobody joins a window that has a draw, whatever clock this Redis has.
return function(version, state, values, numbers, head, figures, lanes, windows, last_windows)
  if not loading() then return { "epoch_passed", found_epoch() } end
  set_rules(version, state, values)
  for name, value in pairs(figures) do memory.write(stats, name, value) end
  line.set_weights(lanes, numbers)
  for name, number in pairs(numbers) do
    local counters = line.lane(name).counters
    memory.write(counters, "given", number)
    memory.write(counters, "kept", number)
    memory.write(counters, "head", head[name])
  end
  for _, found in ipairs(windows) do
    lobby.load(line.lane(found[1]), found[2], found[3], found[4], found[5])
  end
  for name, window in pairs(last_windows) do
    lobby.pass_window(line.lane(name), window)
  end
  return reply("loaded")
end
