-- Memory of a batch: what it reads it reads once, what it writes it writes once, at its end.
--
-- A command changes a layer of its own, which becomes the batch's when the command succeeds and is
-- dropped when it fails: a command that failed leaves no trace. A hash, a sorted set or a group of
-- strings is a store: { name, kind, key, found, own, changed }, where `own` is that layer and
-- `changed` is what Redis does not have yet. false stands for a field or member that is not there.
local memory = {}
local touched, dirty = {}, {} -- stores with a layer of the command; stores to write
local batch -- lists of packed outbox entries and news, of changes of seats; see with_entry
local own -- the same of the command that runs
local last -- name of the outbox' last entry, read once
local ARGUMENTS = 2000 -- of one call: Lua's stack is bounded

-- Redis formats Lua's numbers as doubles, which is slow.
local function text_of(value)
  return type(value) == "number" and format(value % 1 == 0 and "%d" or "%.17g", value) or value
end

local function lists() return { entries = {}, news = {}, fills = {}, seats = {}, unlinks = {} } end

function memory.begin_batch()
  batch, own, last, touched, dirty = lists(), lists(), nil, {}, {}
end

-- Make a store new for this batch, at its first use.
local function open(store)
  if store.batch_number == batch_number then return store end
  store.batch_number, store.key = batch_number, key(store.name, store.part)
  store.found, store.own, store.changed = {}, {}, {}
  store.size, store.grown, store.ttl, store.is_touched, store.is_dirty = nil, 0, nil, false, false
  store.is_unlinked, store.is_read = false, false
  return store
end

-- All fields are named here, so that Lua makes the table in its size, and grows it never.
local function store_of(kind, name, part)
  return { kind = kind, name = name, part = part, batch_number = 0, key = "", found = false,
    own = false, changed = false, size = false, grown = 0, ttl = false, is_touched = false,
    is_dirty = false, is_unlinked = false, is_read = false }
end

function memory.hash(name, part) return store_of("hash", name, part) end

function memory.zset(name, part) return store_of("zset", name, part) end

-- Strings of one kind, each with a key of its own.
function memory.strings(name) return store_of("strings", name) end

-- Return the key by which to ask Redis about a store, after `settle`.
function memory.key(store)
  return open(store).is_unlinked and store.key .. ":unlinked" or store.key
end

-- Return a field of a hash, or a string; false where there is none.
function memory.read(store, field)
  if store.batch_number ~= batch_number then open(store) end
  local value = store.own[field]
  if value == nil then value = store.found[field] end
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
    if store.found[field] == nil and store.own[field] == nil then unread[#unread + 1] = field end
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
  store.own[field] = value
  if not store.is_touched then
    store.is_touched = true
    touched[#touched + 1] = store
  end
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

-- Count members of a sorted set. The caller says of each change by how much it changes the count.
function memory.size(zset)
  open(zset)
  if not zset.size then
    memory.settle(zset)
    zset.size = call("ZCARD", zset.key)
  end
  return zset.size + zset.grown
end

function memory.insert(zset, member, score)
  open(zset).grown = zset.grown + 1
  memory.write(zset, member, score)
end

function memory.remove(zset, member)
  open(zset).grown = zset.grown - 1
  memory.write(zset, member, false)
end

-- Enqueue a packed entry into the outbox.
function memory.enqueue(entry) own.entries[#own.entries + 1] = entry end

-- Publish news on the event's channel, to every process. Processes make frames for visitors of it.
local function publish(kind, news)
  news.news, news.epoch = kind, epoch
  own.news[#own.news + 1] = pack(news)
end

local function last_entry()
  if not last then
    local found = call("XREVRANGE", key("outbox"), "+", "-", "COUNT", 1)[1]
    last = found and entry_name(found[1]) or ""
  end
  return last
end

-- Call back with the name of the batch's outbox entry once Redis has it; at once, with the name of
-- the last one, where this batch has enqueued nothing.
function memory.with_entry(fill)
  if #batch.entries == 0 and #own.entries == 0 then return fill(last_entry()) end
  own.fills[#own.fills + 1] = fill
end

-- Add a change of seats, all of which are published at the end of the batch.
function memory.change_seats(section, changes)
  own.seats[#own.seats + 1] = { section, changes }
end

function memory.changes_of_seats() return batch.seats end

-- Move the values of a list to the end of another. The emptied table serves again: what a command
-- needs no new tables for, Lua need not collect.
local function move_to(to, list)
  local size = #to
  for index = 1, #list do to[size + index] = list[index] end
  for index = #list, 1, -1 do list[index] = nil end
end

-- Make a store's layer of the command the batch's. A layer that grew is left: to look through its
-- empty fields would cost each later command.
local LAYER_MAX = 16
local function commit_store(store)
  local own, found, changed, fields = store.own, store.found, store.changed, 0
  for field, value in pairs(own) do
    found[field], changed[field], own[field] = value, value, nil
    fields = fields + 1
  end
  if fields > LAYER_MAX then store.own = {} end
  store.size, store.grown = store.size and store.size + store.grown, 0
  store.is_touched = false
  if not store.is_dirty then
    store.is_dirty = true
    dirty[#dirty + 1] = store
  end
end

-- Make what the command has done the batch's. Return whether it has changed anything.
function memory.commit()
  local changes = #touched > 0 or #own.entries > 0 or #own.news > 0
  for index = #touched, 1, -1 do
    commit_store(touched[index])
    touched[index] = nil
  end
  for _, store in ipairs(own.unlinks) do
    store.found, store.changed, store.size = {}, {}, 0
  end
  for name, list in pairs(own) do move_to(batch[name], list) end
  return changes
end

-- Forget what the command has done.
function memory.drop()
  for index = 1, #touched do
    local store = touched[index]
    store.own, store.is_touched, store.grown = {}, false, 0
  end
  touched = {}
  for _, store in ipairs(own.unlinks) do store.is_unlinked = false end
  own = lists()
end

local function call_with(name, store_key, arguments)
  for from = 1, #arguments, ARGUMENTS do
    call(name, store_key, unpack(arguments, from, min(#arguments, from + ARGUMENTS - 1)))
  end
end

-- How each kind writes fields with their values, one after the other, and removes fields.
local WRITE, REMOVE = {}, {}

function WRITE.hash(store, fields)
  call_with("HSET", store.key, fields)
  if store.ttl then call("PEXPIRE", store.key, text_of(store.ttl)) end
end

function WRITE.zset(store, members) call_with("ZADD", store.key, members) end

function WRITE.strings(store, values)
  for index = 1, #values, 2 do
    local where, value = store.key .. ":" .. values[index], values[index + 1]
    if value[2] then
      call("SET", where, value[1], "PX", text_of(value[2]))
    else
      call("SET", where, value[1])
    end
  end
end

function REMOVE.hash(store, fields) call_with("HDEL", store.key, fields) end

function REMOVE.zset(store, members) call_with("ZREM", store.key, members) end

function REMOVE.strings(store, names)
  for _, name in ipairs(names) do call("UNLINK", store.key .. ":" .. name) end
end

-- Return what is to be written to a store, as its command of Redis takes it, and the fields that
-- are to be removed.
local function split(store)
  local written, removed, size = {}, {}, 0
  local scores_first = store.kind == "zset"
  for field, value in pairs(store.changed) do
    if value == false then
      removed[#removed + 1] = field
    else
      value = text_of(value)
      written[size + 1] = scores_first and value or field
      written[size + 2] = scores_first and field or value
      size = size + 2
    end
  end
  return written, removed
end

-- Write what commands that succeeded have changed in a store, before Redis is asked about it.
function memory.settle(store)
  open(store)
  if next(store.changed) then
    local written, removed = split(store)
    if #written > 0 then WRITE[store.kind](store, written) end
    REMOVE[store.kind](store, removed)
    store.changed = {}
  end
end

-- Unlink a store, whatever the batch has written to it: it is renamed, and the sweep removes it by
-- pages. Later commands find it empty, and may not write to it.
function memory.unlink(store)
  own.unlinks[#own.unlinks + 1] = open(store)
  store.is_unlinked = true
end

-- Return packed values as one packed array.
local function array_of(items)
  local n = #items
  local head = n < 16 and string.char(0x90 + n)
    or n < 65536 and string.char(0xdc, floor(n / 256), n % 256)
    or string.char(0xdd, floor(n / 16777216), floor(n / 65536) % 256, floor(n / 256) % 256, n % 256)
  return head .. table.concat(items)
end

local has_written -- whether this flush has: Redis refuses (OOM and others) the first write alone

-- Write to a store. A key that is of another type spoils no other store; any other error of the
-- first write is Redis' refusal, and ends the flush. Return the error.
local function try(write, store, fields)
  local fine, raised = pcall(write, store, fields)
  if fine then
    has_written = true
    return nil
  end
  local why = type(raised) == "table" and raised.err or tostring(raised)
  if not has_written and not why:find("WRONGTYPE", 1, true) then error(raised, 0) end
  return raised
end

-- Write everything. The outbox comes first, whose entry replies and holds name; without an entry
-- whatever is set comes before what is removed, since Redis refuses no removal, and after it nothing
-- else: so either all is written, or nothing.
function memory.flush()
  has_written = false
  if #batch.entries > 0 then
    last = entry_name(call("XADD", key("outbox"), "*", "changes", array_of(batch.entries), traces()))
    has_written = true
  end
  for index = 1, #batch.fills do batch.fills[index](last) end
  memory.commit()
  local failure, removals = nil, {}
  for index = 1, #dirty do
    local store = dirty[index]
    local written, removed = split(store)
    if #written > 0 then failure = try(WRITE[store.kind], store, written) or failure end
    removals[index] = removed
  end
  for index = 1, #dirty do
    if #removals[index] > 0 then
      failure = try(REMOVE[dirty[index].kind], dirty[index], removals[index]) or failure
    end
  end
  for index = 1, #batch.unlinks do -- one that is not there is no error
    local old = batch.unlinks[index].key
    redis.pcall("RENAME", old, hash_tag .. ":0:" .. old:sub(#prefix + 1) .. ":" .. epoch)
  end
  if #batch.news > 0 then call("PUBLISH", hash_tag .. ":news", array_of(batch.news)) end
  if failure then error(failure, 0) end
end
