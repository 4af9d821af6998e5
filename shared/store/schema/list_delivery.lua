-- Put a delivery of schema 2 into its lists. KEYS[1] delivery, [2] the list in which it stood, [3] the
-- lists' stem, [4] the places. ARGV[2] id, [3] its place. What was done before is not done again.
if redis.call('ZREM', KEYS[2], ARGV[2]) == 0 then return end
local status, tenant = unpack(redis.call('HMGET', KEYS[1], 'status', 'tenant'))
if not status then return end
relog(KEYS[3], KEYS[1], ARGV[2], status, status, ARGV[3])
note_place(KEYS[4], 'deliveries:' .. tenant, tonumber(ARGV[3]))
