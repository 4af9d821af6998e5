-- Lease due deliveries of a host. KEYS[1] hosts, [2] the host's queue. ARGV[2] host, [3] how many,
-- [4] lease (ms). A lease that runs out makes them due again: their sender died.
-- Answers the lease, then the ids.
local found = redis.call('ZRANGE', KEYS[2], '-inf', NOW, 'BYSCORE', 'LIMIT', 0, ARGV[3])
local lease = NOW + ARGV[4] + 0.5
for _, id in ipairs(found) do redis.call('ZADD', KEYS[2], lease, id) end
reckon(KEYS[1], KEYS[2], ARGV[2])
table.insert(found, 1, string.format('%.1f', lease))
return found
