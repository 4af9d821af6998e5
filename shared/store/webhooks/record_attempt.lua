-- Note what became of a leased delivery. KEYS, ARGV[1] to [3] as in `_errand.lua`, KEYS[4] delivery,
-- [5] event, [6] webhook (may be unused), [7] subscribers, [8] the lists' stem. ARGV[4] id, [5] lease, [6] 'succeeded', 'pending'
-- (to be tried again) or 'failed', [7] ms until then, [8] the attempt (JSON), [9] what went wrong, or '',
-- [10] '1' if the receiver was tried, [11] '1' if it wants nothing more,
-- [12] for how long a webhook may fail (ms), [13] its id, [14] bytes of the attempts' log, [15] URL.
-- Answers 'recorded', 'disabled' (and the webhook was switched off), or 'lost' if the lease ran out.
local QUEUE, DELIVERY, EVENT, WEBHOOK, SUBSCRIBERS = KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
if redis.call('ZSCORE', QUEUE, ARGV[4]) ~= ARGV[5] then return 'lost' end

local function disable(reason)
  redis.call('HSET', WEBHOOK, 'disabled', NOW, 'reason', reason)
  local tenant = redis.call('HGET', WEBHOOK, 'tenant')
  local listeners = decode(redis.call('HGET', SUBSCRIBERS, tenant)) or {}
  listeners[ARGV[13]] = nil
  redis.call('HSET', SUBSCRIBERS, tenant, cjson.encode(listeners))
end

local function judge_webhook()
  if ARGV[10] ~= '1' or redis.call('EXISTS', WEBHOOK) == 0 then return 'recorded' end
  if ARGV[6] == 'succeeded' then
    redis.call('HDEL', WEBHOOK, 'failing', 'trouble')
    return 'recorded'
  end
  redis.call('HSETNX', WEBHOOK, 'failing', NOW)
  redis.call('HSET', WEBHOOK, 'trouble', ARGV[9])
  if redis.call('HEXISTS', WEBHOOK, 'disabled') == 1 then return 'recorded' end
  if ARGV[11] == '1' then
    disable('gone')
  elseif NOW - redis.call('HGET', WEBHOOK, 'failing') >= tonumber(ARGV[12]) then
    disable('failing')
  else
    return 'recorded'
  end
  return 'disabled'
end

if redis.call('EXISTS', DELIVERY) == 1 then
  local log = (redis.call('HGET', DELIVERY, 'log') or '') .. ARGV[8] .. '\n'
  while #log > tonumber(ARGV[14]) do log = string.sub(log, string.find(log, '\n') + 1) end
  relog(KEYS[8], DELIVERY, ARGV[4], redis.call('HGET', DELIVERY, 'status'), ARGV[6])
  redis.call('HSET', DELIVERY, 'status', ARGV[6], 'log', log, 'url', ARGV[15])
  redis.call('HINCRBY', DELIVERY, 'tries', 1)
  redis.call('HINCRBY', DELIVERY, 'attempts', 1)
end
if ARGV[6] == 'pending' then
  redis.call('HSET', DELIVERY, 'next', NOW + ARGV[7])
  redis.call('ZADD', QUEUE, STEADY + ARGV[7], ARGV[4])
else
  redis.call('HDEL', DELIVERY, 'next')
  redis.call('ZREM', QUEUE, ARGV[4])
  if redis.call('EXISTS', EVENT) == 1 and redis.call('HINCRBY', EVENT, 'pending', -1) <= 0
    and redis.call('HGET', EVENT, 'erased') then
    redis.call('HDEL', EVENT, 'body')
  end
end
reckon(KEYS[1], KEYS[2], QUEUE, ARGV[2], ARGV[3])
return judge_webhook()
