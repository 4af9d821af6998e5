-- Leave a tombstone of the job: who, when and that it is gone, nothing of what was in it.
-- Answers 1, or 0 if it was one already.
local status = get('status')
if not status or status == 'expired' then return 0 end
if not ENDED[status] then finish_job('canceled') end
redis.call('DEL', PAGES, TIMELINE)
redis.call('HDEL', JOB, 'document', 'options', 'metadata', 'code', 'detail', 'model')
redis.call('HSET', JOB, 'status', 'expired')
redis.call('ZADD', RETENTION, NOW + number('tombstone_ttl'), JOB_ID)
publish('expired')
return 1
