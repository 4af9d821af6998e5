-- Send a delivery once more, from the first step of the schedule. KEYS, ARGV[1] to [3] as in `_errand.lua`,
-- KEYS[4] delivery, [5] event, [6] the lists' stem, [7] the places. ARGV[4] id, [5] which body,
-- [6] how long all is kept (ms). Answers 'due', 'sending' (right now), or 'gone' with the job's contents.
local QUEUE, DELIVERY, EVENT = KEYS[3], KEYS[4], KEYS[5]
if redis.call('HEXISTS', EVENT, ARGV[5]) == 0 then return 'gone' end
local score = redis.call('ZSCORE', QUEUE, ARGV[4])
if score and tonumber(score) > STEADY and tonumber(score) % 1 ~= 0 then return 'sending' end
if not score then redis.call('HINCRBY', EVENT, 'pending', 1) end
local before, place = redis.call('HGET', DELIVERY, 'status'), next_place(KEYS[7], 'deliveries:' .. ARGV[2])
redis.call('HSET', DELIVERY, 'status', 'pending', 'tries', 0, 'next', NOW)
redis.call('PEXPIRE', DELIVERY, ARGV[6])
redis.call('PEXPIRE', EVENT, ARGV[6])
redis.call('ZADD', QUEUE, STEADY, ARGV[4])
relog(KEYS[6], DELIVERY, ARGV[4], before, 'pending', place)
reckon(KEYS[1], KEYS[2], QUEUE, ARGV[2], ARGV[3])
return 'due'
