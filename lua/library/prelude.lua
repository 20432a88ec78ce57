-- Prelude of every move: the event's keys and time, replies, news, the line and its places.
--
-- KEYS[1] is the event's hash tag, ARGV[1] the epoch that the caller expects (number:run id),
-- ARGV[2] the time in ms (empty: Redis's own clock), ARGV[3] the commands in MessagePack.
-- Redis does not roll Lua back: a move checks everything before its first write.
local hash_tag, stamp = KEYS[1], ARGV[1]
local epoch, holder = stamp:match("^(%d+):(%w+)$")
epoch = tonumber(epoch)

local clock = redis.call("TIME")
local now = tonumber(ARGV[2]) or clock[1] * 1000 + math.floor(clock[2] / 1000)

local LANE = "main" -- the lane of everybody; MAIN in queue/lane_view.py
local LIMIT = 500 -- members that one command moves at most, so that no batch holds Redis for long

local moves = {}

local function key(name, part)
  return hash_tag .. ":" .. epoch .. ":" .. name .. (part and ":" .. part or "")
end

local function epoch_key() return hash_tag .. ":epoch" end

local function run_id() return redis.call("INFO", "server"):match("run_id:(%w+)") end

-- Return the number of the event's epoch in this Redis; -1 when there is none.
local function found_epoch()
  return tonumber((redis.call("GET", epoch_key()) or "-1:"):match("^(-?%d+):"))
end

-- Return whether this epoch is being loaded here: the one before it is closed, and nothing came
-- since.
local function loading()
  return holder == run_id() and redis.call("GET", epoch_key()) == (epoch - 1) .. ":closed"
end

-- Return the reply of this tag with these fields.
local function reply(tag, fields)
  fields = fields or {}
  fields.tag = tag
  return fields
end

local function number_at(name, part) return tonumber(redis.call("GET", key(name, part)) or 0) end

local rules -- read once a batch: a hold reads five of them

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

-- Publish news on the event's channel, to every process. Processes make frames for visitors of it.
local function publish(kind, news)
  news.news, news.epoch = kind, epoch
  redis.call("PUBLISH", hash_tag .. ":news", cmsgpack.pack(news))
end

-- An outbox entry as replies name it, `<epoch>:<id>`: ids of another epoch's outbox are no less.
local function entry_name(id) return epoch .. ":" .. id end

local function last_entry()
  local found = redis.call("XREVRANGE", key("outbox"), "+", "-", "COUNT", 1)[1]
  return found and entry_name(found[1]) or ""
end

-- The line: numbers, head and gone. head is the smallest waiting number − 1, or the last given.
local line = {}

-- Return how many wait before a number.
function line.ahead(number)
  local head = number_at("head", LANE)
  local gone = redis.call("ZCOUNT", key("gone", LANE), head + 1, number - 1)
  return number - 1 - head - gone
end

-- Move head to where the line begins now, and forget the gone numbers that it passes. Return it.
function line.advance_head()
  local first = redis.call("ZRANGE", key("line", LANE), 0, 0, "WITHSCORES")[2]
  local head = first and tonumber(first) - 1 or number_at("numbers", LANE)
  if head ~= number_at("head", LANE) then
    redis.call("SET", key("head", LANE), head)
    redis.call("ZREMRANGEBYSCORE", key("gone", LANE), "-inf", head)
  end
  return head
end

-- Places: everything that a receipt and a pass are made of. The set in which the visitor is a
-- member (line, active, late, back) says the place's state; the hash says the rest.
local places = {}
local FIELDS = { "number", "joined", "wave", "admitted", "claim", "deadline" }
local SETS = { "active", "unclaimed", "late", "back" }

function places.of(visitor)
  local packed = redis.call("HGET", key("places"), visitor)
  if not packed then return nil end
  local place = { visitor = visitor }
  for index, value in ipairs(cmsgpack.unpack(packed)) do place[FIELDS[index]] = value end
  return place
end

-- Return the place of a member of a set. A member without one is removed from every set.
function places.of_member(visitor)
  local place = places.of(visitor)
  if not place then
    redis.call("ZREM", key("line", LANE), visitor)
    for _, name in ipairs(SETS) do redis.call("ZREM", key(name), visitor) end
  end
  return place
end

function places.save(place)
  local values = {}
  for index, field in ipairs(FIELDS) do values[index] = place[field] or 0 end
  redis.call("HSET", key("places"), place.visitor, cmsgpack.pack(values))
end

-- Enqueue the whole place as it is now into the outbox: its last entry is its row in Postgres.
-- Return the entry's name.
function places.enqueue(place, state, reason, deadline)
  return entry_name(redis.call("XADD", key("outbox"), "*", "kind", "place", "visitor",
    place.visitor, "lane", LANE, "number", place.number, "joined", place.joined, "state", state,
    "wave", place.wave or 0, "admitted", place.admitted or 0, "deadline", deadline or 0,
    "reason", reason or ""))
end

-- Remove a visitor from the line, at its head or in its middle. Return whether they were in it.
local function leave_line(place)
  if redis.call("ZREM", key("line", LANE), place.visitor) == 0 then return false end
  if place.number > line.advance_head() then
    redis.call("ZADD", key("gone", LANE), place.number, place.number)
  end
  return true
end

-- End a place for good, whatever its state. Return the outbox entry.
function places.finish(place, reason)
  local waited = leave_line(place)
  for _, name in ipairs(SETS) do redis.call("ZREM", key(name), place.visitor) end
  redis.call("HDEL", key("places"), place.visitor)
  local entry = places.enqueue(place, "ended", reason)
  publish("gone", {
    visitor = place.visitor, reason = reason, lane = LANE, number = waited and place.number or 0,
    head = number_at("head", LANE),
  })
  return entry
end

-- Admit a visitor; the caller has made sure that there is room. Processes see an admission from
-- the front of the line in head, which every tick carries; any other is published as news.
function places.admit(place, wave, reason)
  local from_line = leave_line(place)
  for _, name in ipairs({ "late", "back" }) do redis.call("ZREM", key(name), place.visitor) end
  place.wave, place.admitted = wave, now
  place.claim = now + rule("claim_seconds") * 1000
  place.deadline = now + rule("pass_seconds") * 1000
  redis.call("ZADD", key("active"), place.deadline, place.visitor)
  redis.call("ZADD", key("unclaimed"), place.claim, place.visitor)
  places.save(place)
  places.enqueue(place, "admitted", reason, place.deadline)
  count("admitted")
  if reason or not from_line then
    publish("gone", {
      visitor = place.visitor, reason = "admitted", lane = LANE,
      number = from_line and place.number or 0, head = number_at("head", LANE),
    })
  end
  if from_line then -- quarter octaves above 100 ms
    local waited = math.max(100, now - place.joined)
    count("wait:" .. math.floor(4 * math.log(waited / 100) / math.log(2)))
  end
end

-- Mark a visitor as present. A pass in its claim window then lasts to its deadline; a late
-- visitor moves to the back list, where no place lapses. Return their place, or nil.
function places.mark_seen(visitor)
  local place = places.of(visitor)
  if not place then return nil end
  redis.call("ZREM", key("unclaimed"), visitor)
  if redis.call("ZREM", key("late"), visitor) == 1 then
    redis.call("ZADD", key("back"), place.number, visitor)
    places.enqueue(place, "back", "heard of again")
  end
  return place
end

-- Return the reply that says a place. It may be sent to the visitor once Postgres has the outbox
-- entry that it names (empty: Postgres has the place).
function places.reply(place)
  local fields = {
    lane = LANE, number = place.number, joined_ms = place.joined,
    waiting = redis.call("ZCARD", key("line", LANE)), room = rule("state"),
    entry = place.number > number_at("kept", LANE) and last_entry() or "",
  }
  if redis.call("ZSCORE", key("active"), place.visitor) then
    fields.wave, fields.admitted_ms = place.wave, place.admitted
    fields.claim_ms, fields.deadline_ms = place.claim, place.deadline
    return reply("admitted", fields)
  end
  if redis.call("ZSCORE", key("line", LANE), place.visitor) then
    fields.ahead = line.ahead(place.number)
    return reply("waiting", fields)
  end
  return reply("late", fields)
end
