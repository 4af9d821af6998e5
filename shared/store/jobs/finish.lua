-- A slice is done, or its job canceled; the last one ends the job. With its last page it is done by
-- itself. ARGV[3] slice, [4] attempt. Answers 1, or nothing if the attempt is stale.
if not held(ARGV[3], ARGV[4]) then return false end
drop_slice(ARGV[3], get('cancel') and 'canceled' or 'finished')
finish_if_done()
return 1
