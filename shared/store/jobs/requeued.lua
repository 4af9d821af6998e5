-- Note that an operator had the job's document read again. ARGV[3] the new job, or '' where that cannot be.
if get('status') then redis.call('HSET', JOB, 'requeued', ARGV[3]) end
return 1
