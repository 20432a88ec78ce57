-- close_epoch(number) -> epoch_closed | epoch_passed
--
-- Close an epoch, the first step of the recovery: from here every batch for it, or for an older
-- one, is answered not_ready. A greater number that is here already stays.
return function(command)
  local found = found_epoch()
  if found > command.number then return reply("epoch_passed", { number = found }) end
  call("SET", epoch_key(), format("%d:closed", command.number))
  return reply("epoch_closed")
end
