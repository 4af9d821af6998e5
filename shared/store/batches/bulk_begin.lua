-- Begin to go through all jobs of a batch. ARGV[4] 'cancel', 'retry' or 'erase', [5] id of the event
-- of the next end. KEYS[MORE + 1] the tenant's batches, [MORE + 2...] the events of the runs so far (for 'erase').
-- Answers 'under_way', 'idle' (nothing to do), 'busy' (with another bulk operation), 'gone', or 'again' if there
-- is another run by now.
local kind, operation = ARGV[4], get('bulk')
if operation == kind then return 'under_way' end -- a repeated command, too
if not known() or get('gone') then return 'gone' end
if number('run') ~= tonumber(ARGV[3]) then return 'again' end
if kind == 'cancel' then
  if get('finished') then return 'idle' end
  close()
  redis.call('HSET', BATCH, 'canceled', NOW)
elseif kind == 'retry' then
  if operation then return 'busy' end
  if count('failed') == 0 then return 'idle' end
  if get('finished') then
    redis.call('HINCRBY', BATCH, 'run', 1)
    redis.call('HSET', BATCH, 'event', ARGV[5])
  end
  redis.call('HDEL', BATCH, 'finished', 'canceled')
else
  close()
  if not get('finished') then finish() end
  redis.call('HSET', BATCH, 'gone', NOW)
  redis.call('ZREM', KEYS[MORE + 1], BATCH_ID)
  redis.call('HDEL', BATCH, 'options', 'metadata', 'code', 'detail')
  for index = MORE + 2, #KEYS do
    if redis.call('EXISTS', KEYS[index]) == 1 then
      -- What is being sent stays until nobody waits for it any more, as in `erase.lua`.
      redis.call('HSET', KEYS[index], 'erased', 1)
      if redis.call('HGET', KEYS[index], 'pending') == '0' then redis.call('HDEL', KEYS[index], 'body') end
    end
  end
end
redis.call('HSET', BATCH, 'bulk', kind, 'bulk_at', 0)
look_at(NOW)
return 'under_way'
