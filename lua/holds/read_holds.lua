-- read_holds(holds) -> holds_read
--
-- Holds as they stand, those that are here; what the reconcile duty compares.
return function(command)
  local found = {}
  for _, id in ipairs(command.holds) do
    local packed = redis.call("GET", key("hold", id))
    if packed then found[#found + 1] = cmsgpack.unpack(packed) end
  end
  return answer("holds_read", { holds = found })
end
