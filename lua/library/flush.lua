-- Commit of a command, and flush of a batch: its stores and lists are written to Redis at its end.
local LOG_MAX = 4096 -- slots that are kept for the next batch
function memory.begin_batch()
  if #log > LOG_MAX then log = {} end
  dirty, logged, grown = {}, 0, 0
  begin_lists()
end

-- Keep what the command has done. Return whether it has changed anything.
function memory.commit()
  local changes = logged > 0
  logged, grown = 0, 0
  for index = lengths.unlinks + 1, #lists.unlinks do
    local store = lists.unlinks[index]
    store.found, store.changed, store.size = {}, {}, 0
  end
  return keep_lists() or changes
end

-- Undo what the command has done.
function memory.drop()
  for at = logged - 3, 1, -4 do
    local store, field = log[at], log[at + 1]
    store.found[field], store.changed[field] = log[at + 2], log[at + 3]
  end
  for at = grown - 1, 1, -2 do
    local zset = growths[at]
    if zset.size then zset.size = zset.size - growths[at + 1] end
  end
  logged, grown = 0, 0
  for index = lengths.unlinks + 1, #lists.unlinks do lists.unlinks[index].is_unlinked = false end
  cut_lists()
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

-- A member begins with its time, so that it is none that this batch removes.
local GROUP = 50 -- visitors of one member
function WRITE.schedule(store, fields)
  local groups, members = {}, {}
  for index = 1, #fields, 2 do
    local at = fields[index + 1]
    local group = groups[at] or { at }
    groups[at], group[#group + 1] = group, fields[index]
    if #group > GROUP then
      members[#members + 1], members[#members + 2], groups[at] = at, table.concat(group, "\n"), nil
    end
  end
  for at, group in pairs(groups) do
    members[#members + 1], members[#members + 2] = at, table.concat(group, "\n")
  end
  call_with("ZADD", store.key, members)
end

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

REMOVE.schedule = REMOVE.zset

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

-- Take what this command has changed of a store out of what is to be written. Return it by field.
local function take_own(store)
  local own, changed = {}, store.changed
  for at = logged - 3, 1, -4 do
    if log[at] == store then
      local field = log[at + 1]
      if own[field] == nil then own[field] = changed[field] end
      changed[field], log[at + 3] = log[at + 3], nil
    end
  end
  return own
end

-- Write what commands that succeeded have changed in a store, before Redis is asked about it.
function memory.settle(store)
  open(store)
  if not next(store.changed) then return end
  local own = take_own(store)
  local written, removed = split(store)
  if #written > 0 then WRITE[store.kind](store, written) end
  if #removed > 0 then REMOVE[store.kind](store, removed) end
  store.changed = own
end

-- Take visitors out of a schedule whose time has come, a page of members at a time until there are so
-- many. Return them. Some may have been scheduled anew.
local PAGE = 4
function memory.take_due(schedule, time, most)
  memory.settle(schedule)
  local visitors, offset, page = {}, 0, nil
  repeat
    page = call("ZRANGEBYSCORE", schedule.key, "-inf", text_of(time), "LIMIT", offset, PAGE)
    for _, member in ipairs(page) do
      memory.write(schedule, member, false)
      for visitor in member:gmatch("\n([^\n]+)") do visitors[#visitors + 1] = visitor end
    end
    offset = offset + #page
  until #page < PAGE or #visitors >= most
  return visitors
end

-- Unlink a store, whatever the batch has written to it: it is renamed, and the sweep removes it by
-- pages. Later commands find it empty, and may not write to it.
function memory.unlink(store)
  lists.unlinks[#lists.unlinks + 1] = open(store)
  store.is_unlinked = true
end

-- Return packed values as one packed array.
function array_of(items)
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
  if #lists.entries > 0 then
    local entries = array_of(lists.entries)
    last = entry_name(call("XADD", key("outbox"), "*", "changes", entries, traces()))
    has_written = true
  end
  for index = 1, #lists.fills do lists.fills[index](last) end
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
  for index = 1, #lists.unlinks do -- one that is not there is no error
    local old = lists.unlinks[index].key
    redis.pcall("RENAME", old, hash_tag .. ":0:" .. old:sub(#prefix + 1) .. ":" .. epoch)
  end
  if #lists.news > 0 then call("PUBLISH", hash_tag .. ":news", array_of(lists.news)) end
  if failure then error(failure, 0) end
end
