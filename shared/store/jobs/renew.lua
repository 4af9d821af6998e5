-- Renew a lease. ARGV[3] slice, [4] attempt, [5] lease (ms).
-- Answers 'held', 'canceled' (held, but to be ended at the next page) or 'lost'.
if not held(ARGV[3], ARGV[4]) then return 'lost' end
redis.call('ZADD', LEASES, 'XX', STEADY + ARGV[5], member(ARGV[3]))
return get('cancel') and 'canceled' or 'held'
