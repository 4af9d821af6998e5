-- Lease an upload that is due. KEYS[1] uploads, [2] upload. ARGV[2] id, [3] lease (ms).
-- A lease that runs out makes it due again: whoever unpacked it died. Answers its fields, or nothing
-- if somebody else was faster.
local due = redis.call('ZSCORE', KEYS[1], ARGV[2])
if not due or tonumber(due) > STEADY then return false end
if redis.call('EXISTS', KEYS[2]) == 0 then
  redis.call('ZREM', KEYS[1], ARGV[2])
  return false
end
redis.call('ZADD', KEYS[1], STEADY + ARGV[3], ARGV[2])
redis.call('HINCRBY', KEYS[2], 'attempt', 1)
return redis.call('HMGET', KEYS[2], 'batch', 'tenant', 'kind', 'position', 'attempt')
