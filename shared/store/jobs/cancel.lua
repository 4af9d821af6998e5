-- Cancel a job: slices that wait are dropped, those being read end at their next page.
-- Answers 1 if the job was still going, else 0.
if ended() then return 0 end
redis.call('HSET', JOB, 'cancel', 1)
for _, index in ipairs(redis.call('HKEYS', SLICES)) do
  if load_slice(index).s == 'r' then drop_slice(index, 'canceled') end
end
if redis.call('HLEN', SLICES) == 0 then finish_job('canceled') end
return 1
