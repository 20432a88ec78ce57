-- Codes: how often each was used to join a lane, and by whom.
--
-- A code is named by an id that Postgres gave it, never by its words. A use is counted in the move
-- that gives the place, and the place names the code, so that a recovery counts the same.
codes = {}
local uses = memory.hash("codes") -- id → uses; id and visitor → 1

-- Use a code, which may be used `most` times. Return whether it could be. Who has used it already
-- uses it again without being counted.
function codes.use(id, visitor, most)
  local own, used = id .. " " .. visitor, memory.number(uses, id)
  if memory.read(uses, own) then return true end
  if used >= most then return false end
  memory.write(uses, id, used + 1)
  memory.write(uses, own, 1)
  return true
end
