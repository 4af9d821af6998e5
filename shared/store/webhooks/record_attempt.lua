-- Note what became of a leased delivery. KEYS[1] hosts, [2] the host's queue, [3] delivery, [4] event,
-- [5] webhook (may be unused), [6] subscribers. ARGV[2] host, [3] id, [4] lease, [5] 'succeeded', 'pending'
-- (to be tried again) or 'failed', [6] ms until then, [7] the attempt (JSON), [8] what went wrong, or '',
-- [9] '1' if the receiver was tried, [10] '1' if it wants nothing more,
-- [11] for how long a webhook may fail (ms), [12] its id, [13] bytes of the attempts' log, [14] URL.
-- Answers 'recorded', 'disabled' (and the webhook was switched off), or 'lost' if the lease ran out.
local QUEUE, DELIVERY, EVENT, WEBHOOK, SUBSCRIBERS = KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
if redis.call('ZSCORE', QUEUE, ARGV[3]) ~= ARGV[4] then return 'lost' end

local function disable(reason)
  redis.call('HSET', WEBHOOK, 'disabled', NOW, 'reason', reason)
  local tenant = redis.call('HGET', WEBHOOK, 'tenant')
  local listeners = cjson.decode(redis.call('HGET', SUBSCRIBERS, tenant) or '{}')
  listeners[ARGV[12]] = nil
  redis.call('HSET', SUBSCRIBERS, tenant, cjson.encode(listeners))
end

local function judge_webhook()
  if ARGV[9] ~= '1' or redis.call('EXISTS', WEBHOOK) == 0 then return 'recorded' end
  if ARGV[5] == 'succeeded' then
    redis.call('HDEL', WEBHOOK, 'failing', 'trouble')
    return 'recorded'
  end
  redis.call('HSETNX', WEBHOOK, 'failing', NOW)
  redis.call('HSET', WEBHOOK, 'trouble', ARGV[8])
  if redis.call('HEXISTS', WEBHOOK, 'disabled') == 1 then return 'recorded' end
  if ARGV[10] == '1' then
    disable('gone')
  elseif NOW - redis.call('HGET', WEBHOOK, 'failing') >= tonumber(ARGV[11]) then
    disable('failing')
  else
    return 'recorded'
  end
  return 'disabled'
end

if redis.call('EXISTS', DELIVERY) == 1 then
  local log = (redis.call('HGET', DELIVERY, 'log') or '') .. ARGV[7] .. '\n'
  while #log > tonumber(ARGV[13]) do log = string.sub(log, string.find(log, '\n') + 1) end
  redis.call('HSET', DELIVERY, 'status', ARGV[5], 'log', log, 'url', ARGV[14])
  redis.call('HINCRBY', DELIVERY, 'tries', 1)
  redis.call('HINCRBY', DELIVERY, 'attempts', 1)
end
if ARGV[5] == 'pending' then
  local due = NOW + ARGV[6]
  redis.call('HSET', DELIVERY, 'next', due)
  redis.call('ZADD', QUEUE, due, ARGV[3])
else
  redis.call('HDEL', DELIVERY, 'next')
  redis.call('ZREM', QUEUE, ARGV[3])
  if redis.call('EXISTS', EVENT) == 1 and redis.call('HINCRBY', EVENT, 'pending', -1) <= 0
    and redis.call('HGET', EVENT, 'erased') then
    redis.call('HDEL', EVENT, 'body')
  end
end
reckon(KEYS[1], QUEUE, ARGV[2])
return judge_webhook()
