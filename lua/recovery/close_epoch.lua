-- close_epoch(number) -> epoch_closed | epoch_passed
--
-- Close an epoch, the first step of the recovery: from here every batch for it, or for an older
-- one, is answered not_ready. A greater number that is here already stays.
return function(number)
  local found = found_epoch()
  if found > number then return { "epoch_passed", found } end
  call("SET", epoch_key(), format("%d:closed", number))
  return reply("epoch_closed")
end
