-- The sale clock: deadlines of places and holds are stored in sale time, which is the wall's less
-- the time for which sales stood still. So a stop rewrites no deadline, however many there are.
local function sale_is_stopped() return (rule("stopped_at") or 0) > 0 end

-- Return the sale's time in ms. It stands still from `stopped_at` on.
local function sale_now()
  local stopped_at = rule("stopped_at") or 0
  return (stopped_at > 0 and min(stopped_at, now) or now) - (rule("stopped_ms") or 0)
end

-- Return a deadline of sale time as wall time; in a stop as if the sale went on when it began.
local function wall_time(deadline) return deadline + (rule("stopped_ms") or 0) end
