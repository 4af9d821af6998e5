-- Forget a delivery that has ended, and its event with the last one. KEYS[1] delivery, [2] event,
-- [3] the lists' stem. ARGV[2] id. Answers 1, or 0 if it has not ended.
local status = redis.call('HGET', KEYS[1], 'status')
if status == 'pending' then return 0 end
relog(KEYS[3], KEYS[1], ARGV[2], status)
if redis.call('DEL', KEYS[1]) == 1 and redis.call('HINCRBY', KEYS[2], 'kept', -1) <= 0 then
  redis.call('DEL', KEYS[2])
end
return 1
