-- The loop over a batch: carries out each command by itself, so that a failure spoils no other.
--
-- Where the event has another epoch, or this is another Redis than the epoch's, every reply is
-- not_ready and nothing is done. Moves of the recovery alone work on a closed epoch, and each
-- says in its file when. A move's text runs once a batch, when its first command comes.
local RECOVERY = { close_epoch = true, open_epoch = true, load_event = true, load_places = true,
  load_sections = true, load_holds = true, load_codes = true,
  load_deferrals = true }
local moves = setmetatable({}, { __index = function(made, name)
  made[name] = texts[name]()
  return made[name]
end })

-- Return how many values a packed array has that begins behind so many bytes, and where they begin.
local function length_of(packed, at)
  local head, high, low = packed:byte(at + 1, at + 3)
  if head < 160 then return head - 144, at + 1 end
  return high * 256 + low, at + 3
end

-- Return the commands of a batch: each where the next one begins, its move, and its fields. They are
-- unpacked by themselves, since cmsgpack makes arrays within arrays slowly.
local function commands_of(batch)
  local commands, size = {}, nil
  local count, at = length_of(batch, 0)
  for index = 1, count do
    size, at = length_of(batch, at)
    local command = { unpack_limit(batch, size, at) }
    commands[index], at = command, command[1]
  end
  return commands
end

-- What Redis itself says (OOM, READONLY, ...) comes as text in Redis 6, as a table since Redis 7.
local function why_of(raised)
  return { "failed", type(raised) == "table" and raised.err or tostring(raised) }
end

-- Moves that need their visitor's cart; of a claim, where it says whether it does.
local OF_CARTS = { hold_seats = true, find_hold = true, extend_hold = true, release_hold = true,
  checkout_hold = true, free_hold = true, reopen_hold = true, claim_pass = 5 }

-- Read what the visitors of a batch have, all at once: their places, and the carts that are needed.
local function read_ahead(commands)
  local visitors, holders = {}, {}
  for index = 1, #commands do
    local command = commands[index]
    local at = VISITOR_AT[command[2]]
    if at then
      visitors[#visitors + 1] = command[at]
      local needs = OF_CARTS[command[2]]
      if needs == true or needs and command[needs] then holders[#holders + 1] = command[at] end
    end
  end
  if #visitors > 1 then memory.read_ahead(stored, visitors) end
  if #holders > 1 then memory.read_ahead(in_carts, holders) end
end

local function carry_out(command)
  local fine, result = pcall(moves[command[2]], unpack(command, 3))
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
  local commands, replies, changed = commands_of(ARGV[3]), {}, {}
  local ready = holder == run_id and call("GET", epoch_key()) == stamp
  if ready then pcall(read_ahead, commands) end -- what cannot be read fails its own command
  for index, command in ipairs(commands) do
    if ready or RECOVERY[command[2]] then
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
