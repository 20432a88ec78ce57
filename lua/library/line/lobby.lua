-- Lobby: places of a lane that wait for a draw, and its draws.
--
-- Joins of a lane are counted in `given`. By arrival the count is the number; in the lobby it is the
-- place's index. Joins that are drawn together are a window: 0 is the lobby before opening, others
-- are counted from 1970. A window is a range of indexes, each of which is drawn one of the numbers
-- of that range; `windows` has the first. Numbers beyond `settled` may be drawn still: head stays
-- below them, and nobody there is admitted.
lobby = {}

local function number_of(lane, name, otherwise)
  return tonumber(memory.read(lane.counters, name) or otherwise)
end

-- Return the window of a join by now; nil: it is by arrival. Whatever clock Redis has, a join comes
-- into no window that is drawn.
function lobby.window_of_join(lane)
  if rule("lottery") == 1 then return rule("state") == "scheduled" and 0 or nil end
  if rule("windows") ~= 1 or rule("state") == "scheduled" then return nil end
  return max(floor(now / (rule("window_seconds") * 1000)), number_of(lane, "window", 0),
    number_of(lane, "window_min", 0))
end

function lobby.is_settled(lane) return not memory.read(lane.counters, "settled") end

-- Return the last number that is drawn already, or was given by arrival, with all before it.
function lobby.settled(lane)
  return number_of(lane, "settled", memory.number(lane.counters, "given"))
end

-- Return how many of a lane wait for a draw.
function lobby.waiting(lane) return lobby.is_settled(lane) and 0 or memory.size(lane.lobby) end

-- Begin a window with its first index.
local function begin(lane, window, index)
  memory.write(lane.counters, "window", window)
  memory.write(lane.windows, format("%d", window), index)
  if lobby.is_settled(lane) then memory.write(lane.counters, "settled", index - 1) end
end

function lobby.enter(lane, place)
  if place.window ~= number_of(lane, "window", -1) then begin(lane, place.window, place.index) end
  memory.write(lane.counters, "window_last", place.index)
  memory.insert(lane.lobby, place.visitor, place.index)
end

-- Return the first two windows that are not drawn, and the first index of each.
local function oldest(lane)
  memory.settle(lane.windows)
  local found = call("ZRANGE", memory.key(lane.windows), 0, 1, "WITHSCORES")
  return tonumber(found[1]), tonumber(found[2]), tonumber(found[4])
end

local function is_over(window)
  if window == 0 then return rule("state") ~= "scheduled" end
  return now >= (window + 1) * rule("window_seconds") * 1000
end

-- Let nobody join a window any more, or one before it.
function lobby.pass_window(lane, window) memory.write(lane.counters, "window_min", window + 1) end

local function write_draw(lane, window, first, last)
  memory.write(lane.counters, "draw_window", window)
  memory.write(lane.counters, "draw_first", first)
  memory.write(lane.counters, "draw_last", last)
  memory.write(lane.counters, "drawn", first - 1)
  lobby.pass_window(lane, window)
end

-- Fix the draw of the oldest window, if it is over: nobody joins it any more. It is enqueued in the
-- outbox, and begins once Postgres has it: so what was told of it is never drawn anew.
local function fix(lane)
  local window, first, next_first = oldest(lane)
  if not next_first and not is_over(window) then return end
  local last = next_first and next_first - 1 or number_of(lane, "window_last")
  write_draw(lane, window, first, last)
  memory.enqueue(pack({ "draw", lane.name, window, first, last }))
  memory.write(lane.counters, "draw_entry", "") -- not named before the batch ends
  memory.with_entry(function(entry) memory.write(lane.counters, "draw_entry", entry) end)
end

local function id_of(entry)
  local ms, sequence = entry:match("(%d+)%-(%d+)$")
  return tonumber(ms), tonumber(sequence)
end

-- Return whether Postgres has the draw. One that was loaded from there has no entry.
local function is_recorded(lane)
  local entry = memory.read(lane.counters, "draw_entry")
  if not entry or entry == "" then return not entry end
  local ms, sequence = id_of(entry)
  local recorded_ms, recorded_sequence = id_of(call("GET", key("recorded")) or "0-0")
  return recorded_ms > ms or (recorded_ms == ms and recorded_sequence >= sequence)
end

-- Return the draw that is on its way, and the index up to which it is done; nil: there is none.
function lobby.draw(lane)
  if not memory.read(lane.counters, "draw_last") or not is_recorded(lane) then return nil end
  return { lane = lane.name, window = number_of(lane, "draw_window"),
    first = number_of(lane, "draw_first"), last = number_of(lane, "draw_last"),
    drawn = number_of(lane, "drawn") }
end

-- Fix the draw of a lane that is due, if none is on its way. Return what `lobby.draw` does.
function lobby.next_draw(lane)
  if lobby.is_settled(lane) then return nil end
  if not memory.read(lane.counters, "draw_last") then fix(lane) end
  return lobby.draw(lane)
end

-- Return the visitors of the lobby with these indexes, each before its index, as ZRANGE does.
function lobby.members(lane, from, last)
  memory.settle(lane.lobby)
  local members = memory.key(lane.lobby)
  return call("ZRANGEBYSCORE", members, text_of(from), text_of(last), "WITHSCORES")
end

-- Return whether the lobby of a lane waits for its draw, or is being drawn.
local function waits_for_lottery(lane) return not lobby.is_settled(lane) and oldest(lane) == 0 end

-- Enqueue that the lottery is over, unless a lane but `drawn` (that this command has drawn) has a
-- lobby that is not drawn yet. That of a lottery that was called off may be drawn in an open event.
function lobby.end_lottery(drawn)
  for _, name in ipairs(line.names()) do
    local lane = line.lane(name)
    if lane ~= drawn and waits_for_lottery(lane) then return end
  end
  memory.write(bucket, "is_drawn", 1)
  memory.enqueue(pack({ "drawn" }))
end

-- End a window whose every index is drawn: what follows is settled up to the next one.
local function finish(lane, window)
  memory.write(lane.windows, format("%d", window), false)
  for _, name in ipairs({ "draw_window", "draw_first", "draw_last", "draw_entry", "drawn" }) do
    memory.write(lane.counters, name, false)
  end
  local _, _, next_first = oldest(lane)
  memory.write(lane.counters, "settled", next_first and next_first - 1 or false)
  lane.is_head_stale = true
  if window == 0 then lobby.end_lottery(lane) end
end

-- Mark a draw as done up to an index.
function lobby.mark_drawn(lane, draw, index)
  memory.write(lane.counters, "drawn", index)
  if index == draw.last then finish(lane, draw.window) end
end

-- Load a window that is not drawn, in the recovery, the oldest of its lane first.
function lobby.load(lane, window, first, last, is_fixed)
  begin(lane, window, first)
  memory.write(lane.counters, "window_last", last)
  if is_fixed then write_draw(lane, window, first, last) end
end

-- Forget everything of a lane: the event has closed.
function lobby.end_all(lane)
  memory.unlink(lane.lobby)
  memory.unlink(lane.windows)
  for _, name in ipairs({ "settled", "draw_last", "draw_entry" }) do
    memory.write(lane.counters, name, false)
  end
end
