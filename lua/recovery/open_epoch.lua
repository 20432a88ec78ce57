-- open_epoch() -> epoch_opened | epoch_passed
--
-- Open the epoch of the batch, the last step of the recovery. It works only in the Redis that the
-- epoch names, and only on an epoch that was closed and loaded here: a flush, a restart or another
-- recovery in between refuses it.
return function()
  if not loading() then return { "epoch_passed", found_epoch() } end
  call("SET", epoch_key(), stamp)
  call("UNLINK", hash_tag .. ":epoch") -- of a build before layouts were named: its gates shut
  return reply("epoch_opened")
end
