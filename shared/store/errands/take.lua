-- Lease due errands of a host. KEYS, ARGV[1] to [3] as in `_errand.lua`; ARGV[4] how many, [5] lease (ms).
-- A lease that runs out makes them due again: whoever had them died. Answers the lease, then the ids.
local found = redis.call('ZRANGE', KEYS[3], '-inf', STEADY, 'BYSCORE', 'LIMIT', 0, ARGV[4])
local lease = STEADY + ARGV[5] + 0.5
for _, id in ipairs(found) do redis.call('ZADD', KEYS[3], lease, id) end
reckon(KEYS[1], KEYS[2], KEYS[3], ARGV[2], ARGV[3])
table.insert(found, 1, string.format('%.1f', lease))
return found
