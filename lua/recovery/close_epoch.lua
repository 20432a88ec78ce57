-- close_epoch(number) -> epoch_closed | epoch_passed
--
-- The first step of the one way back: from here every batch for this epoch, or for an older
-- one, is NOT_READY. A greater number that is already here stays.
return function(command)
  local found = found_epoch()
  if found > command.number then return answer("epoch_passed", { number = found }) end
  redis.call("SET", epoch_key(), string.format("%d:closed", command.number))
  return answer("epoch_closed")
end
