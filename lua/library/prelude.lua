-- Prelude of every move: the event's keys and time, and replies.
--
-- The program is made once and then runs batch after batch, of any event: what belongs to one batch
-- is set anew when it begins.
local pack, unpack_one, unpack_limit = cmsgpack.pack, cmsgpack.unpack, cmsgpack.unpack_limit
local call, format, floor, min, max = redis.call, string.format, math.floor, math.min, math.max
local ipairs, pairs, next, tonumber, type, unpack = ipairs, pairs, next, tonumber, type, unpack
local select = select
local hash_tag, stamp, epoch, holder, prefix, now
local batch_number = 0

-- Begin a batch: KEYS[1] is the event's hash tag, ARGV[1] the epoch that the caller expects
-- (number:run id), ARGV[2] the time in ms (empty: Redis's own clock), ARGV[3] the commands in
-- MessagePack, ARGV[4] the contexts of their traces, if any, which go into the outbox entry as they
-- are.
local function begin_batch()
  hash_tag, stamp = KEYS[1], ARGV[1]
  epoch, holder = stamp:match("^(%d+):(%w+)$")
  prefix = hash_tag .. ":" .. epoch .. ":"
  epoch = tonumber(epoch)
  now = tonumber(ARGV[2])
  if not now then
    local clock = call("TIME")
    now = clock[1] * 1000 + floor(clock[2] / 1000)
  end
  batch_number = batch_number + 1
end

-- Return the field of the batch's outbox entry that has the contexts of its traces, if it has any.
local function traces()
  if ARGV[4] then return "traces", ARGV[4] end
end

local LIMIT = 500 -- members that one command moves at most, so that no batch holds Redis for long

local function key(name, part)
  return part and prefix .. name .. ":" .. part or prefix .. name
end

-- The epoch's key names the layout of the others: LAYOUT in lua/keys.py.
local function epoch_key() return hash_tag .. ":epoch:5" end

-- Of this Redis, for as long as it runs; the program lives no longer.
local run_id = call("INFO", "server"):match("run_id:(%w+)")

-- Return the number of the event's epoch in this Redis; -1 when there is none.
local function found_epoch()
  return tonumber((call("GET", epoch_key()) or "-1:"):match("^(-?%d+):"))
end

-- Return whether this epoch is being loaded here: the one before it is closed, and nothing came
-- since.
local function loading()
  return holder == run_id and call("GET", epoch_key()) == (epoch - 1) .. ":closed"
end

-- Return where the values end, and the first values of a packed array of up to 15. unpack_one would
-- make a table that grows with each of them.
local function unpack_values(packed, most)
  local head = packed:byte() or 0
  if head < 144 or head > 159 then error("Bad data: not a short array") end
  return unpack_limit(packed, most, 1)
end

-- Return the reply of this tag that has no fields, packed. A reply with fields is an array, its tag
-- first, which the loop packs at the batch's end, unless a move has.
local packed_tags = {}
local function reply(tag)
  local packed = packed_tags[tag] or pack({ tag })
  packed_tags[tag] = packed
  return packed
end

-- An outbox entry as replies name it, `<epoch>:<id>`: ids of another epoch's outbox are no less.
local function entry_name(id) return epoch .. ":" .. id end
