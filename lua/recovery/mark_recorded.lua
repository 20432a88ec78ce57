-- mark_recorded(entry, numbers, head) -> marked
--
-- Mark how far Postgres has the outbox, and of each lane the places up to a number; trim the
-- outbox, and publish the entry, for which callers wait. Only the record duty sends it. `head` is
-- the journal's by then, which ticks carry from here on.
--
-- Trimming comes first: it is allowed when memory is full, and after a write that was allowed
-- Redis allows the others, too. Nothing else would ever make room again.
return function(entry, numbers, head)
  call("XTRIM", key("outbox"), "MINID", "~", entry)
  call("SET", key("recorded"), entry)
  for name, number in pairs(numbers) do
    local counters = line.lane(name).counters
    if number > memory.number(counters, "kept") then memory.write(counters, "kept", number) end
  end
  if head[1] > 0 then memory.write(bucket, "journal", pack(head)) end
  publish({ news = "recorded", epoch = epoch, entry = entry })
  return reply("marked")
end
