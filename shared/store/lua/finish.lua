-- A slice is done; the last one ends the job. ARGV[3] slice, [4] attempt. Answers 1, or nothing if stale.
if not held(ARGV[3], ARGV[4]) then return false end
drop_slice(ARGV[3])
finish_if_done()
return 1
