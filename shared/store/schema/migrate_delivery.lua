-- Put a delivery of Docchu 0.1 where its tenant's wait. KEYS[1] to [3] and ARGV[2], [3] as in
-- `_errand.lua`; KEYS[4] the queue in which it waits, ARGV[4] its id, [5] when it is due.
if redis.call('ZREM', KEYS[4], ARGV[4]) == 0 or ARGV[2] == '' then return end
put(1, ARGV[2], ARGV[3], ARGV[4], ARGV[5])
