-- checkout_hold(visitor, hold, method) -> checked_out | unknown_hold | hold_over
--
-- Turn a held hold into one that is being paid: it ends no more by time, and its outbox entry
-- starts the payment once Postgres has it. A repeat returns the first reply's attempt and entry.
return function(command)
  places.mark_seen(command.visitor)
  local hold = holds.of(command.hold)
  if not hold or hold.visitor ~= command.visitor then return reply("unknown_hold") end
  if holds.is_due(hold) then holds.finish(hold, "expired", "expired") end
  if hold.state == "held" then
    holds.stop_clock(hold)
    holds.set_state(hold, "paying")
    hold.attempt, hold.method = hold.attempt + 1, command.method
    hold.pay_until, hold.reason = now + rule("payment_seconds") * 1000, ""
    hold.entry = holds.enqueue(hold)
    holds.save(hold)
    return reply("checked_out", { attempt = hold.attempt, entry = hold.entry, again = false })
  end
  if hold.attempt == 0 then
    return reply(hold.state == "expired" and "hold_over" or "unknown_hold")
  end
  return reply("checked_out", { attempt = hold.attempt, entry = hold.entry, again = true })
end
