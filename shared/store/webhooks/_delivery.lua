-- What the scripts that change deliveries share. It is put in front of each of them, after `_clock.lua`.
-- ARGV[1]: now (ms; empty: the server's clock). A delivery lies in the queue of its host, scored by when
-- it is due; while a sender has it, by when its lease ends, with .5 behind: that number is the lease.
local function reckon(hosts, queue, host)
  local first = redis.call('ZRANGE', queue, 0, 0, 'WITHSCORES')
  if first[2] then redis.call('ZADD', hosts, first[2], host) else redis.call('ZREM', hosts, host) end
end
