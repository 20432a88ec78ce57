-- Carry out a batch, each command by itself: what fails spoils no neighbour.
--
-- Another epoch than the event's, or another Redis than the epoch's: nothing is done. Only the
-- moves of the one way back work on a closed epoch, and each of them says in its file when.
local RECOVERY = { close_epoch = true, open_epoch = true, load_event = true, load_places = true,
  load_sections = true, load_holds = true }

-- What Redis itself says (OOM, READONLY, ...) comes as text in Redis 6, as a table since Redis 7.
local function why_of(raised)
  return type(raised) == "table" and raised.err or tostring(raised)
end

local commands, replies = cmsgpack.unpack(ARGV[3]), {}
local ready = holder == run_id() and redis.call("GET", epoch_key()) == stamp
for index, command in ipairs(commands) do
  if ready or RECOVERY[command.move] then
    local fine, reply = pcall(moves[command.move], command)
    replies[index] = fine and reply or answer("failed", { why = why_of(reply) })
  else
    replies[index] = answer("not_ready")
  end
end
pcall(seats.tell_changes)
return cmsgpack.pack(replies)
