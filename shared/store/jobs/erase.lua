-- Leave a tombstone of the job: who, when and that it is gone, nothing of what was in it.
-- Its bytes are the caller's to erase; should that be cut off, the keeper does it a minute later.
-- Answers 1, or 0 if it was one already.
local status = get('status')
if not status or status == 'expired' then return 0 end
if not ENDED[status] then finish_job('canceled') end
redis.call('DEL', PAGES, TIMELINE, CORRECTIONS, PRINTS)
redis.call('ZREM', part(LISTS, 'jobs:' .. (get('tenant') or ''), 'corrected'), JOB_ID)
redis.call('HDEL', JOB, 'document', 'options', 'metadata', 'code', 'detail', 'model', 'custom_id', 'url',
  'corrected', 'corrected_bytes')
set_status('expired')
if redis.call('EXISTS', EVENT) == 1 then
  -- The text goes at once; the rest of what is being sent when nobody waits for it any more.
  redis.call('HSET', EVENT, 'erased', 1)
  redis.call('HDEL', EVENT, 'text_body')
  if redis.call('HGET', EVENT, 'pending') == '0' then redis.call('HDEL', EVENT, 'body') end
end
redis.call('ZADD', ERASED, STEADY + 60000, JOB_ID)
redis.call('ZADD', RETENTION, NOW + number('tombstone_ttl'), JOB_ID)
publish('expired')
return 1
