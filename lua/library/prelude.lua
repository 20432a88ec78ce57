-- What every move knows: the event's keys, the hour, how a place moves, and how to answer.
--
-- KEYS[1] is the event's hash tag, ARGV[1] the epoch that the caller believes in (number:run id),
-- ARGV[2] the time in ms (empty: Redis's own clock), ARGV[3] the commands in MessagePack.
-- Lua is not rolled back: a move checks everything before its first write.
local tag, stamp = KEYS[1], ARGV[1]
local epoch, holder = stamp:match("^(%d+):(%w+)$")
epoch = tonumber(epoch)

local clock = redis.call("TIME")
local now = tonumber(ARGV[2]) or clock[1] * 1000 + math.floor(clock[2] / 1000)

local LANE = "main"
local LIMIT = 500 -- the most that one command moves, so that no batch holds Redis for long

local moves = {}

local function key(name, part)
  return tag .. ":" .. epoch .. ":" .. name .. (part and ":" .. part or "")
end

local function epoch_key() return tag .. ":epoch" end

local function run_id() return redis.call("INFO", "server"):match("run_id:(%w+)") end

-- The number of the epoch that this Redis has for the event; -1 when it has none.
local function found_epoch()
  return tonumber((redis.call("GET", epoch_key()) or "-1:"):match("^(-?%d+):"))
end

-- Whether this epoch is being loaded here: the one before it is closed, and nothing came since.
local function loading()
  return holder == run_id() and redis.call("GET", epoch_key()) == (epoch - 1) .. ":closed"
end

local function answer(word, fields)
  fields = fields or {}
  fields.word = word
  return fields
end

local function number_at(name, part) return tonumber(redis.call("GET", key(name, part)) or 0) end

local rules -- read once a batch: a hold asks for five of them

local function rule(name)
  if not rules then
    local found, read = redis.call("HGETALL", key("rules")), {}
    for index = 1, #found, 2 do read[found[index]] = found[index + 1] end
    rules = read
  end
  return rules[name]
end

local function forget_rules() rules = nil end

local function count(name, by) redis.call("HINCRBY", key("stats"), name, by or 1) end

-- News go to every process, on the event's channel; a frame to a visitor is made there.
local function tell(kind, news)
  news.news, news.epoch = kind, epoch
  redis.call("PUBLISH", tag .. ":news", cmsgpack.pack(news))
end

-- An outbox entry as replies name it, `<epoch>:<id>`: ids of another epoch's outbox are no less.
local function entry_name(id) return epoch .. ":" .. id end

local function last_entry()
  local found = redis.call("XREVRANGE", key("outbox"), "+", "-", "COUNT", 1)[1]
  return found and entry_name(found[1]) or ""
end

-- The line: numbers, head and gone. head is the smallest waiting number − 1, or the last given.
local line = {}

function line.ahead(number)
  local head = number_at("head", LANE)
  local gone = redis.call("ZCOUNT", key("gone", LANE), head + 1, number - 1)
  return number - 1 - head - gone
end

function line.settle_head()
  local first = redis.call("ZRANGE", key("line", LANE), 0, 0, "WITHSCORES")[2]
  local head = first and tonumber(first) - 1 or number_at("numbers", LANE)
  if head ~= number_at("head", LANE) then
    redis.call("SET", key("head", LANE), head)
    redis.call("ZREMRANGEBYSCORE", key("gone", LANE), "-inf", head)
  end
  return head
end

-- A place: everything that a receipt and a pass are made of. Where the visitor is a member
-- (line, active, late, back) says in which state it is; the hash says the rest.
local place = {}
local FIELDS = { "number", "joined", "wave", "admitted", "claim", "deadline" }
local SETS = { "active", "unclaimed", "late", "back" }

function place.of(visitor)
  local packed = redis.call("HGET", key("places"), visitor)
  if not packed then return nil end
  local found = { visitor = visitor }
  for index, value in ipairs(cmsgpack.unpack(packed)) do found[FIELDS[index]] = value end
  return found
end

-- The place of a member of a set; a member without one is nobody's, and leaves the sets.
function place.of_member(visitor)
  local one = place.of(visitor)
  if not one then
    redis.call("ZREM", key("line", LANE), visitor)
    for _, name in ipairs(SETS) do redis.call("ZREM", key(name), visitor) end
  end
  return one
end

function place.keep(one)
  local values = {}
  for index, field in ipairs(FIELDS) do values[index] = one[field] or 0 end
  redis.call("HSET", key("places"), one.visitor, cmsgpack.pack(values))
end

-- The whole place as it is now: the last entry of a place is its row in Postgres.
function place.note(one, state, reason, deadline)
  return entry_name(redis.call("XADD", key("outbox"), "*", "kind", "place", "visitor", one.visitor,
    "lane", LANE, "number", one.number, "joined", one.joined, "state", state,
    "wave", one.wave or 0, "admitted", one.admitted or 0, "deadline", deadline or 0,
    "reason", reason or ""))
end

-- Take a visitor out of the line, from the front or from the middle.
function place.step_out(one)
  if redis.call("ZREM", key("line", LANE), one.visitor) == 0 then return false end
  if one.number > line.settle_head() then
    redis.call("ZADD", key("gone", LANE), one.number, one.number)
  end
  return true
end

-- End a place for good, whatever its state; the entry is what to wait for.
function place.finish(one, reason)
  local waited = place.step_out(one)
  for _, name in ipairs(SETS) do redis.call("ZREM", key(name), one.visitor) end
  redis.call("HDEL", key("places"), one.visitor)
  local entry = place.note(one, "ended", reason)
  tell("gone", {
    visitor = one.visitor, reason = reason, lane = LANE, number = waited and one.number or 0,
    head = number_at("head", LANE),
  })
  return entry
end

-- Give a visitor the right to book; whoever calls has made sure that there is room. Who comes in
-- from the front is told by head, which every tick carries; anybody else is told by name.
function place.admit(one, wave, reason)
  local from_line = place.step_out(one)
  for _, name in ipairs({ "late", "back" }) do redis.call("ZREM", key(name), one.visitor) end
  one.wave, one.admitted = wave, now
  one.claim = now + rule("claim_seconds") * 1000
  one.deadline = now + rule("pass_seconds") * 1000
  redis.call("ZADD", key("active"), one.deadline, one.visitor)
  redis.call("ZADD", key("unclaimed"), one.claim, one.visitor)
  place.keep(one)
  place.note(one, "admitted", reason, one.deadline)
  count("admitted")
  if reason or not from_line then
    tell("gone", {
      visitor = one.visitor, reason = "admitted", lane = LANE,
      number = from_line and one.number or 0, head = number_at("head", LANE),
    })
  end
  if from_line then -- quarter octaves above 100 ms
    local waited = math.max(100, now - one.joined)
    count("wait:" .. math.floor(4 * math.log(waited / 100) / math.log(2)))
  end
end

-- Heard of in time: the pass is kept to its end. Late: admitted next, lapses no more.
function place.claim(one)
  redis.call("ZREM", key("unclaimed"), one.visitor)
  if redis.call("ZREM", key("late"), one.visitor) == 1 then
    redis.call("ZADD", key("back"), one.number, one.visitor)
    place.note(one, "back", "heard of again")
  end
end

-- A visitor asks for something, which is being heard of; their place, if any.
function place.hear(visitor)
  local one = place.of(visitor)
  if one then place.claim(one) end
  return one
end

-- Where a visitor stands, as it may be told once Postgres has the entry (empty: it has).
function place.tell(one)
  local reply = {
    lane = LANE, number = one.number, joined_ms = one.joined,
    waiting = redis.call("ZCARD", key("line", LANE)), room = rule("state"),
    entry = one.number > number_at("kept", LANE) and last_entry() or "",
  }
  if redis.call("ZSCORE", key("active"), one.visitor) then
    reply.wave, reply.admitted_ms = one.wave, one.admitted
    reply.claim_ms, reply.deadline_ms = one.claim, one.deadline
    return answer("admitted", reply)
  end
  if redis.call("ZSCORE", key("line", LANE), one.visitor) then
    reply.ahead = line.ahead(one.number)
    return answer("waiting", reply)
  end
  return answer("late", reply)
end
