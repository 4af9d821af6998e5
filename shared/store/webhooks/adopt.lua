-- Bring a delivery of version 0.1, which had one queue for each host, into the queue of its tenant.
-- KEYS as in `_errand.lua`, [4] the old queue, [5] the old hosts. ARGV[4] id.
local due = redis.call('ZSCORE', KEYS[4], ARGV[4])
if due then
  redis.call('ZREM', KEYS[4], ARGV[4])
  redis.call('ZADD', KEYS[3], due, ARGV[4])
  reckon(KEYS[1], KEYS[2], KEYS[3], ARGV[2], ARGV[3])
end
if redis.call('ZCARD', KEYS[4]) == 0 then redis.call('ZREM', KEYS[5], ARGV[3]) end
