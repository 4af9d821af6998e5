-- The document as a whole cannot be read. ARGV[3] slice, [4] attempt, [5] code, [6] detail.
-- Answers 1, or nothing if the attempt is stale.
if not held(ARGV[3], ARGV[4]) then return false end
finish_job('failed', ARGV[5], ARGV[6])
return 1
