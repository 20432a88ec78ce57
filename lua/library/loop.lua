-- The loop over a batch: carries out each command by itself, so that a failure spoils no other.
--
-- Where the event has another epoch, or this is another Redis than the epoch's, every reply is
-- not_ready and nothing is done. Moves of the recovery alone work on a closed epoch, and each
-- says in its file when.
local RECOVERY = { close_epoch = true, open_epoch = true, load_event = true, load_places = true,
  load_sections = true, load_holds = true }

-- What Redis itself says (OOM, READONLY, ...) comes as text in Redis 6, as a table since Redis 7.
local function text_of(raised)
  return type(raised) == "table" and raised.err or tostring(raised)
end

local commands, replies = cmsgpack.unpack(ARGV[3]), {}
local ready = holder == run_id() and redis.call("GET", epoch_key()) == stamp
for index, command in ipairs(commands) do
  if ready or RECOVERY[command.move] then
    local fine, result = pcall(moves[command.move], command)
    replies[index] = fine and result or reply("failed", { why = text_of(result) })
  else
    replies[index] = reply("not_ready")
  end
end
pcall(seats.publish_changes)
return cmsgpack.pack(replies)
