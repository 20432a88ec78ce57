-- The loop over a batch: carries out each command by itself, so that a failure spoils no other.
--
-- Where the event has another epoch, or this is another Redis than the epoch's, every reply is
-- not_ready and nothing is done. Moves of the recovery alone work on a closed epoch, and each
-- says in its file when. A move's text runs once a batch, when its first command comes.
local RECOVERY = { close_epoch = true, open_epoch = true, load_event = true, load_places = true,
  load_sections = true, load_holds = true, load_codes = true,
  load_deferrals = true }
local moves = {}

local function move_of(name)
  moves[name] = moves[name] or texts[name]()
  return moves[name]
end

-- What Redis itself says (OOM, READONLY, ...) comes as text in Redis 6, as a table since Redis 7.
local function why_of(raised)
  return reply("failed", { why = type(raised) == "table" and raised.err or tostring(raised) })
end

-- Read what the visitors of a batch have, all at once.
local function read_ahead(commands)
  local visitors = {}
  for index = 1, #commands do visitors[#visitors + 1] = commands[index].visitor end
  if #visitors > 1 then
    memory.read_ahead(stored, visitors)
    memory.read_ahead(in_carts, visitors)
  end
end

local function carry_out(command)
  local fine, result = pcall(move_of(command.move), command)
  if fine then return result, memory.commit() end
  memory.drop()
  line.doubt_heads()
  doubt_clock()
  return why_of(result), false
end

-- Write everything. Return the error by which that failed, or nil.
local function finish_batch()
  local fine, raised = pcall(function()
    line.move_heads()
    seats.publish_changes()
    memory.commit()
    memory.flush()
  end)
  return not fine and raised or nil
end

return function()
  begin_batch()
  memory.begin_batch()
  line.begin_batch()
  doubt_clock()
  seats.begin_batch()
  local commands, replies, changed = unpack_one(ARGV[3]), {}, {}
  local ready = holder == run_id and call("GET", epoch_key()) == stamp
  if ready then pcall(read_ahead, commands) end -- what cannot be read fails its own command
  for index, command in ipairs(commands) do
    if ready or RECOVERY[command.move] then
      replies[index], changed[index] = carry_out(command)
    else
      replies[index] = reply("not_ready")
    end
  end
  local raised, is_void = finish_batch(), false
  for index = 1, raised and #commands or 0 do
    is_void = is_void or changed[index] -- a later command may have read what was not written
    if is_void then replies[index] = why_of(raised) end
  end
  for index = 1, #replies do
    local answer = replies[index]
    if type(answer) == "table" then replies[index] = pack(answer) end
  end
  return array_of(replies)
end
