-- Note the progress of an upload, and renew its lease. KEYS[1] uploads, [2] upload. ARGV[2] id,
-- [3] attempt, [4] position, [5] lease (ms; 0: due again at once). Answers 1, or nothing if it is another's.
if redis.call('HGET', KEYS[2], 'attempt') ~= ARGV[3] then return false end
redis.call('HSET', KEYS[2], 'position', ARGV[4])
redis.call('ZADD', KEYS[1], STEADY + ARGV[5], ARGV[2])
return 1
