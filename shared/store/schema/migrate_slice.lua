-- Note what a job of Docchu 0.1 needs, and queue its slice by that. KEYS[MORE + 1] the queue in which it
-- waits. ARGV[3] slice, [4] need, [5] Celery's message. What was done before is not done again.
if redis.call('EXISTS', JOB) == 0 then return end
redis.call('HSETNX', JOB, 'need', ARGV[4])
if redis.call('ZREM', KEYS[MORE + 1], member(ARGV[3])) == 0 then return end
local slice = load_slice(ARGV[3])
if slice and slice.s == 'r' then make_ready(ARGV[3], slice) end
