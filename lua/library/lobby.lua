-- Lobby: places that wait for a draw, and the draws of a lane.
--
-- Joins of a lane are counted in `given`. By arrival the count is the number; in the lobby it is the
-- place's index. Joins that are drawn together are a window: 0 is the lobby before opening, others
-- are counted from 1970. A window is a range of indexes, each of which is drawn one of the numbers
-- of that range; `windows` has the first. Numbers beyond `settled` may be drawn still: head stays
-- below them, and nobody there is admitted.
local lobby = {}
local lane = memory.hash("lane", LANE) -- given, kept, head, settled, window, window_last, draw_…
local undrawn = memory.zset("lobby", LANE)
local windows = memory.zset("windows", LANE)

local function number_of(name, otherwise) return tonumber(memory.read(lane, name) or otherwise) end

-- Return the window of a join by now; nil: it is by arrival. Whatever clock Redis has, a join comes
-- into no window that is drawn.
function lobby.window_of_join()
  if rule("lottery") == 1 then return rule("state") == "scheduled" and 0 or nil end
  if rule("windows") ~= 1 or rule("state") == "scheduled" then return nil end
  return max(floor(now / (rule("window_seconds") * 1000)), number_of("window", 0),
    number_of("window_min", 0))
end

-- Return the last number that is drawn already, or was given by arrival, with all before it.
function lobby.settled() return number_of("settled", number_of("given", 0)) end

function lobby.is_settled() return not memory.read(lane, "settled") end

-- Return how many wait for a draw.
function lobby.waiting() return lobby.is_settled() and 0 or memory.size(undrawn) end

-- Begin a window with its first index.
local function begin(window, index)
  memory.write(lane, "window", window)
  memory.write(windows, format("%d", window), index)
  if lobby.is_settled() then memory.write(lane, "settled", index - 1) end
end

function lobby.enter(place)
  if place.window ~= number_of("window", -1) then begin(place.window, place.index) end
  memory.write(lane, "window_last", place.index)
  memory.insert(undrawn, place.visitor, place.index)
end

function lobby.leave(place) memory.remove(undrawn, place.visitor) end

-- Return the first two windows that are not drawn, and the first index of each.
local function oldest()
  memory.settle(windows)
  local found = call("ZRANGE", memory.key(windows), 0, 1, "WITHSCORES")
  return tonumber(found[1]), tonumber(found[2]), tonumber(found[4])
end

local function is_over(window)
  if window == 0 then return rule("state") ~= "scheduled" end
  return now >= (window + 1) * rule("window_seconds") * 1000
end

-- Fix the draw of the oldest window, if it is over: nobody joins it any more. It is enqueued in the
-- outbox, and begins once Postgres has it: so what was told of it is never drawn anew.
local function fix()
  local window, first, next_first = oldest()
  if not next_first and not is_over(window) then return end
  local last = next_first and next_first - 1 or number_of("window_last")
  memory.write(lane, "draw_window", window)
  memory.write(lane, "draw_first", first)
  memory.write(lane, "draw_last", last)
  memory.write(lane, "drawn", first - 1)
  memory.write(lane, "window_min", window + 1)
  memory.enqueue(pack({ "draw", LANE, window, first, last }))
  memory.write(lane, "draw_entry", "") -- not named before the batch ends
  memory.with_entry(function(entry) memory.write(lane, "draw_entry", entry) end)
end

local function id_of(entry)
  local ms, sequence = entry:match("(%d+)%-(%d+)$")
  return tonumber(ms), tonumber(sequence)
end

-- Return whether Postgres has the draw. One that was loaded from there has no entry.
local function is_recorded()
  local entry = memory.read(lane, "draw_entry")
  if not entry or entry == "" then return not entry end
  local ms, sequence = id_of(entry)
  local recorded_ms, recorded_sequence = id_of(call("GET", key("recorded")) or "0-0")
  return recorded_ms > ms or (recorded_ms == ms and recorded_sequence >= sequence)
end

-- Return the draw that is on its way, and the index up to which it is done; nil: there is none.
function lobby.draw()
  if not memory.read(lane, "draw_last") or not is_recorded() then return nil end
  return { lane = LANE, window = number_of("draw_window"), first = number_of("draw_first"),
    last = number_of("draw_last"), drawn = number_of("drawn") }
end

-- Fix the draw that is due, if none is on its way. Return what `lobby.draw` does.
function lobby.next_draw()
  if lobby.is_settled() then return nil end
  if not memory.read(lane, "draw_last") then fix() end
  return lobby.draw()
end

-- Return the visitors of the lobby with the indexes up to `last`, and these, as ZRANGE does.
function lobby.members(from, last)
  memory.settle(undrawn)
  return call("ZRANGEBYSCORE", memory.key(undrawn), text_of(from), text_of(last), "WITHSCORES")
end

-- End a window whose every index is drawn: what follows is settled up to the next one.
local function finish(window)
  memory.write(windows, format("%d", window), false)
  for _, name in ipairs({ "draw_window", "draw_first", "draw_last", "draw_entry", "drawn" }) do
    memory.write(lane, name, false)
  end
  local _, _, next_first = oldest()
  memory.write(lane, "settled", next_first and next_first - 1 or false)
end

-- Mark a draw as done up to an index.
function lobby.mark_drawn(draw, index)
  memory.write(lane, "drawn", index)
  if index == draw.last then finish(draw.window) end
end

-- Load the windows that are not drawn, oldest first, in the recovery: { window, first, last, whether
-- its draw is fixed }.
function lobby.load(found)
  for _, one in ipairs(found) do
    local window, first, last, is_fixed = one[1], one[2], one[3], one[4]
    begin(window, first)
    memory.write(lane, "window_last", last)
    if is_fixed then
      memory.write(lane, "draw_window", window)
      memory.write(lane, "draw_first", first)
      memory.write(lane, "draw_last", last)
      memory.write(lane, "drawn", first - 1)
    end
  end
end

-- Forget everything: the event has closed.
function lobby.end_all()
  memory.unlink(undrawn)
  memory.unlink(windows)
  for _, name in ipairs({ "settled", "draw_last", "draw_entry" }) do
    memory.write(lane, name, false)
  end
end
