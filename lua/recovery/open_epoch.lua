-- open_epoch() -> epoch_opened | epoch_passed
--
-- The last step of the one way back. It works only in the Redis that the epoch names, and only
-- on what was closed and loaded under it: a flush, a restart or a rival in between refuses it.
return function()
  if not loading() then return answer("epoch_passed", { number = found_epoch() }) end
  redis.call("SET", epoch_key(), stamp)
  return answer("epoch_opened")
end
