-- What is due in a sorted set by time, the longest first. KEYS[1] the set; ARGV[2] the most that is told,
-- ARGV[3] what stands before the times in it (0: nothing).
local base = tonumber(ARGV[3])
local first = base > 0 and string.format('(%.0f', base) or '-inf'
local last = string.format('%.0f', base + STEADY)
return redis.call('ZRANGE', KEYS[1], first, last, 'BYSCORE', 'LIMIT', 0, ARGV[2])
