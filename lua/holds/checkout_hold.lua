-- checkout_hold(visitor, hold, method) -> checked_out | unknown_hold | hold_over
--
-- From held to being paid: the hold ends no more by time, and Postgres learns of it. Asked again
-- it answers what was asked first; `entry` is what to wait for.
return function(command)
  place.hear(command.visitor)
  local found = hold.of(command.hold)
  if not found or found.visitor ~= command.visitor then return answer("unknown_hold") end
  if hold.is_due(found) then hold.finish(found, "expired", "expired") end
  if found.state == "held" then
    hold.stop_clock(found)
    hold.turn(found, "paying")
    found.attempt, found.method = found.attempt + 1, command.method
    found.pay_until, found.reason = now + rule("payment_seconds") * 1000, ""
    found.entry = hold.note(found)
    hold.keep(found)
    return answer("checked_out", { attempt = found.attempt, entry = found.entry, again = false })
  end
  if found.attempt == 0 then
    return answer(found.state == "expired" and "hold_over" or "unknown_hold")
  end
  return answer("checked_out", { attempt = found.attempt, entry = found.entry, again = true })
end
