-- Write messages for slices that wait without: theirs were lost. ARGV[3] need. Answers how many wait.
-- While any message is there, somebody is still going to look.
local need = ARGV[3]
local waiting = num_waiting(need)
if waiting == 0 then
  redis.call('HDEL', NEEDS, need)
elseif redis.call('LLEN', WAKEUPS .. need) == 0 then
  for _ = 1, math.min(waiting, 1000) do wake(need) end
end
return waiting
