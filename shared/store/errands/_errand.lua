-- What the scripts of errands share. It is put in front of each of them, after `_clock.lua`.
-- KEYS[1] flows, [2] the flow's hosts, [3] the queue of one of these (keys.py, errands).
-- ARGV[1]: now (ms; empty: the server's clock), [2] flow, [3] host. An errand is scored by when it is due;
-- while somebody has it, by when his lease ends, with .5 behind: that number is the lease.
local function note_first(set, member, of)
  local first = redis.call('ZRANGE', of, 0, 0, 'WITHSCORES')
  if first[2] then redis.call('ZADD', set, first[2], member) else redis.call('ZREM', set, member) end
end
local function reckon(flows, hosts, queue, flow, host)
  note_first(hosts, host, queue)
  note_first(flows, flow, hosts)
end
-- Have an errand due then; its keys begin at this number.
local function put(first, flow, host, id, due)
  redis.call('ZADD', KEYS[first + 2], due, id)
  reckon(KEYS[first], KEYS[first + 1], KEYS[first + 2], flow, host)
end
