-- Let the steady clock go on; a keeper does so all the time. KEYS[1] leases, [2] uploads, [3] batches that
-- are due, [4] bytes to be erased. ARGV[2] ms that one tick counts at most, [3] lease (ms).
redis.call('HSET', CLOCK, 'steady', STEADY, 'wall', NOW, 'step', ARGV[2])

-- What is due later than it can be was noted by a clock that ran ahead, before there was a steady one.
local lease = tonumber(ARGV[3])
local FARTHEST = { 10 * lease, 10 * lease, 7 * 3600000, 120000 }
local FROM_NOW = { lease, lease, 0, 0 }
for at, farthest in ipairs(FARTHEST) do
  local late = redis.call('ZRANGE', KEYS[at], STEADY + farthest, '+inf', 'BYSCORE', 'LIMIT', 0, 200)
  for _, member in ipairs(late) do redis.call('ZADD', KEYS[at], STEADY + FROM_NOW[at], member) end
end
