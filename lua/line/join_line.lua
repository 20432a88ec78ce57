-- join_line(visitor, publish, proof, issued, lane, code, uses, block)
--   -> waiting | lobby | admitted | late | line_closed | line_full | proof_required | unknown_code
--   | code_used_up
--
-- Give a visitor the next number of a lane, or the place that they have already. Numbers come from
-- a counter, never from a clock, so nobody of the lane is admitted before a smaller one. With
-- `publish` the join is published first: the visitor's subscribers may be at another process. A new
-- place costs a proof of work while many join; it is spent by the join itself, and by no other.
-- While others wait for a number, an address block has no more than its share of the last ones: a
-- join beyond it is deferred, behind those of its block. A code is counted in this move, of `uses` at most. Where the rules draw lots, the visitor gets an
-- index in the lobby, and the number by the draw.
local JOINABLE = { scheduled = true, drawing = true, open = true, paused = true }

return function(visitor, publishes, proof, issued, name, code, uses, block)
  if publishes then publish({ news = "joined", epoch = epoch, visitor = visitor }) end
  local present = places.mark_seen(visitor)
  if present then
    local again = places.reply(present)
    again[IN_REPLY.again] = true
    return again
  end

  if not JOINABLE[rule("state")] then return reply("line_closed") end
  if line.waiting() >= rule("waiting_max") then return reply("line_full") end
  local bits = proofs.bits()
  if bits > 0 and not proofs.spend(proof, issued) then
    return { "proof_required", bits }
  end
  if not line.takes(name) then return reply("unknown_code") end
  if code ~= "" and not codes.use(code, visitor, uses) then
    return reply("code_used_up")
  end
  proofs.count_join()
  local lane = line.lane(name)
  if deferrals.has(lane, block) or not shares.takes(block) then
    return places.reply(places.defer(visitor, name, code, block))
  end
  shares.count(block)
  return places.reply(places.begin(visitor, name, code, block))
end
