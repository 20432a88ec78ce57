-- extend_hold(visitor, hold)
--   -> held | unknown_hold | hold_over | being_paid | extensions_used_up | sale_is_stopped
--
-- Move a hold's deadline to hold_seconds from now, within hold_total_seconds of its beginning, and
-- count one extension less. A command within ten seconds of the last extension is a repeat and
-- changes nothing. While the sale is stopped nothing ends, and nothing is extended.
local REPEAT_MS = 10000

return function(visitor, id)
  places.touch(visitor)
  local hold, other = holds.held(id, visitor)
  if not hold then return other end
  if hold[AT.extended] > 0 and now - hold[AT.extended] < REPEAT_MS then
    return holds.reply(pack(hold))
  end
  if sale_is_stopped() then return reply("sale_is_stopped") end
  if hold[AT.left] <= 0 or hold[AT.deadline] >= holds.last_deadline(hold) then
    return reply("extensions_used_up")
  end

  hold[AT.left], hold[AT.extended] = hold[AT.left] - 1, now
  holds.set_deadline(other, holds.deadline_from_now(hold))
  local packed = carts.save(other)
  holds.enqueue(packed)
  return holds.reply(packed)
end
