-- Memory of a batch: what it reads it reads once, what it writes it writes once, at its end (see
-- flush.lua).
--
-- A command writes to the memory at once, and each write is logged with what stood there before. The
-- log is cut when the command succeeds, and undone when it fails: a command that failed leaves no
-- trace. A hash, a sorted set or a group of strings is a store: { name, kind, key, found, changed },
-- where `changed` is what Redis does not have yet. false stands for a field or member that is not
-- there.
memory = {}
log, logged = {}, 0 -- four a write: store, field, found and changed before
growths, grown = {}, 0 -- two a change of a sorted set's size: store, by
dirty = {} -- stores to write
ARGUMENTS = 2000 -- of one call: Lua's stack is bounded

-- Redis formats Lua's numbers as doubles, which is slow.
function text_of(value)
  return type(value) == "number" and format(value % 1 == 0 and "%d" or "%.17g", value) or value
end

-- Make a store new for this batch, at its first use.
function open(store)
  if store.batch_number == batch_number then return store end
  store.batch_number, store.key = batch_number, key(store.name, store.part)
  store.found, store.changed, store.size, store.ttl = {}, {}, nil, nil
  store.is_dirty, store.is_unlinked, store.is_read = false, false, false
  return store
end

-- All fields are named here, so that Lua makes the table in its size, and grows it never.
local function store_of(kind, name, part)
  return { kind = kind, name = name, part = part, batch_number = 0, key = "", found = false,
    changed = false, size = false, ttl = false, is_dirty = false, is_unlinked = false,
    is_read = false }
end

function memory.hash(name, part) return store_of("hash", name, part) end

function memory.zset(name, part) return store_of("zset", name, part) end

-- A schedule is a sorted set of times, and of the visitors of whom something ends then: a member is
-- those that one batch wrote with one time. Who is scheduled anew stays where they were, too: their
-- value says when they are due.
function memory.schedule(name) return store_of("schedule", name) end

-- Strings of one kind, each with a key of its own.
function memory.strings(name) return store_of("strings", name) end

-- Return the key by which to ask Redis about a store, after `settle`.
function memory.key(store)
  return open(store).is_unlinked and store.key .. ":unlinked" or store.key
end

-- Return a field of a hash, or a string; false where there is none.
function memory.read(store, field)
  if store.batch_number ~= batch_number then open(store) end
  local value = store.found[field]
  if value == nil then
    if store.kind == "hash" then
      value = call("HGET", store.key, field)
    else
      local text = call("GET", store.key .. ":" .. field)
      value = text and { text }
    end
    store.found[field] = value
  end
  return value
end

-- Read fields of a hash that will be asked for, at once.
function memory.read_ahead(store, fields)
  open(store)
  local unread = {}
  for _, field in ipairs(fields) do
    if store.found[field] == nil then unread[#unread + 1] = field end
  end
  for from = 1, #unread, ARGUMENTS do
    local to = min(#unread, from + ARGUMENTS - 1)
    for index, value in ipairs(call("HMGET", store.key, unpack(unread, from, to))) do
      store.found[unread[from + index - 1]] = value
    end
  end
end

-- Read a whole hash, once a batch; its numbers become numbers.
function memory.read_all(store)
  if open(store).is_read then return end
  store.is_read = true
  local found = call("HGETALL", store.key)
  for index = 1, #found, 2 do
    local field, value = found[index], found[index + 1]
    if store.found[field] == nil then store.found[field] = tonumber(value) or value end
  end
end

-- Write a field of a hash, a string, or a member's score; false removes it.
function memory.write(store, field, value)
  if store.batch_number ~= batch_number then open(store) end
  local found, changed, at = store.found, store.changed, logged
  log[at + 1], log[at + 2], log[at + 3], log[at + 4] = store, field, found[field], changed[field]
  logged = at + 4
  found[field], changed[field] = value, value
  if not store.is_dirty then
    store.is_dirty = true
    dirty[#dirty + 1] = store
  end
end

-- Return what this command has changed of a store, by field.
function memory.own(store)
  local own = {}
  for at = 1, logged, 4 do
    if log[at] == store then own[log[at + 1]] = store.found[log[at + 1]] end
  end
  return own
end

function memory.number(store, field) return tonumber(memory.read(store, field) or 0) end

function memory.add(store, field, by)
  local number = (memory.read(store, field) or 0) + by
  memory.write(store, field, number)
  return number
end

-- Return a string that has its own key; false where there is none.
function memory.text(store, name)
  local found = memory.read(store, name)
  return found and found[1]
end

-- Write a string that ends by itself after `ttl` ms, or never.
function memory.write_text(store, name, value, ttl) memory.write(store, name, { value, ttl }) end

-- Return by how much this command has changed the size of a sorted set.
local function growth_of(zset)
  local sum = 0
  for at = 1, grown, 2 do
    if growths[at] == zset then sum = sum + growths[at + 1] end
  end
  return sum
end

-- Count members of a sorted set. The caller says of each change by how much it changes the count.
function memory.size(zset)
  open(zset)
  if not zset.size then
    memory.settle(zset)
    zset.size = call("ZCARD", zset.key) + growth_of(zset)
  end
  return zset.size
end

local function grow(zset, by)
  if zset.size then zset.size = zset.size + by end
  growths[grown + 1], growths[grown + 2] = zset, by
  grown = grown + 2
end

function memory.insert(zset, member, score)
  grow(open(zset), 1)
  memory.write(zset, member, score)
end

function memory.remove(zset, member)
  grow(open(zset), -1)
  memory.write(zset, member, false)
end
