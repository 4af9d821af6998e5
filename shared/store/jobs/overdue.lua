-- End a job whose time is over; the pages that were not read are named.
-- Answers 'ended', 'fresh' (it has more time by now) or 'gone'.
local due = redis.call('ZSCORE', DEADLINES, JOB_ID)
if not due or ended() then
  redis.call('ZREM', DEADLINES, JOB_ID)
  return 'gone'
end
if tonumber(due) > STEADY then return 'fresh' end
end_unread('job_timeout', 'The job took longer than it may.',
  'The job took longer than it may; pages left are not read.')
return 'ended'
