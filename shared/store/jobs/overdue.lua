-- End a job whose time is over; the pages that were not read are named.
-- Answers 'ended', 'fresh' (it has more time by now) or 'gone'.
local due = redis.call('ZSCORE', DEADLINES, JOB_ID)
if not due or ended() then
  redis.call('ZREM', DEADLINES, JOB_ID)
  return 'gone'
end
if tonumber(due) > NOW then return 'fresh' end
if get('cancel') then
  finish_job('canceled')
  return 'ended'
end
for _, index in ipairs(redis.call('HKEYS', SLICES)) do
  for _, page in ipairs(load_slice(index).p or {}) do
    if redis.call('HEXISTS', PAGES, page) == 0 then
      record_page(tostring(page), { c = 'job_timeout', d = 'The job took longer than it may.' })
    end
  end
end
local status = number('done') > 0 and 'partial' or 'failed'
finish_job(status, 'job_timeout', 'The job took longer than it may; pages left are not read.')
return 'ended'
