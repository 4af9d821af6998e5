-- Hand a slice back unfinished, at the head of its lane: no fault of the document.
-- ARGV[3] slice, [4] attempt. Answers 1, or nothing if the attempt is stale.
local slice = held(ARGV[3], ARGV[4])
if not slice then return false end
redis.call('ZREM', LEASES, member(ARGV[3]))
if get('cancel') then
  drop_slice(ARGV[3], 'canceled')
  finish_if_done()
else
  end_attempt(ARGV[3], slice, 'released')
  make_ready(ARGV[3], slice, 0)
end
return 1
