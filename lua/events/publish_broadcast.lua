-- publish_broadcast(message) -> published
--
-- An operator's words, to every process at once; Postgres keeps them for who connects later.
return function(command)
  tell("broadcast", { message = command.message })
  return answer("published")
end
