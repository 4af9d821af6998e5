-- End a job whose time is over; the pages that were not read are named.
-- ARGV[3]: by how much that of a paused one is put off (ms).
-- Answers 'ended', 'fresh' (it has more time by now) or 'gone'.
local due = redis.call('ZSCORE', DEADLINES, JOB_ID)
if not due or ended() then
  redis.call('ZREM', DEADLINES, JOB_ID)
  return 'gone'
end
if tonumber(due) > STEADY then return 'fresh' end
local paused = redis.call('HMGET', PAUSED, '*', get('tenant'))
if paused[1] or paused[2] then
  redis.call('ZADD', DEADLINES, STEADY + ARGV[3], JOB_ID) -- nobody could read it
  return 'fresh'
end
end_unread('job_timeout', 'The job took longer than it may.',
  'The job took longer than it may; pages left are not read.')
return 'ended'
