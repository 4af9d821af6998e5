-- Send a delivery once more, from the first step of the schedule. KEYS[1] hosts, [2] the host's queue,
-- [3] delivery, [4] event, [5] the tenant's deliveries. ARGV[2] host, [3] id, [4] which body,
-- [5] how long all is kept (ms). Answers 'due', 'sending' (right now), or 'gone' with the job's contents.
if redis.call('HEXISTS', KEYS[4], ARGV[4]) == 0 then return 'gone' end
local score = redis.call('ZSCORE', KEYS[2], ARGV[3])
if score and tonumber(score) > NOW and tonumber(score) % 1 ~= 0 then return 'sending' end
if not score then redis.call('HINCRBY', KEYS[4], 'pending', 1) end
redis.call('HSET', KEYS[3], 'status', 'pending', 'tries', 0, 'next', NOW)
redis.call('PEXPIRE', KEYS[3], ARGV[5])
redis.call('PEXPIRE', KEYS[4], ARGV[5])
redis.call('ZADD', KEYS[2], NOW, ARGV[3])
redis.call('ZADD', KEYS[5], NOW, ARGV[3])
reckon(KEYS[1], KEYS[2], ARGV[2])
return 'due'
