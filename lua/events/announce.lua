-- announce(message) -> announced
--
-- An operator's words, to every process at once; Postgres keeps them for who connects later.
return function(command)
  tell("said", { message = command.message })
  return answer("announced")
end
