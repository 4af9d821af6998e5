-- End a job that waits for a worker that does not come. ARGV[3] code, [4] why, [5] its need.
-- Answers 'ended' or 'gone'.
if ended() or get('need') ~= ARGV[5] then return 'gone' end
end_unread(ARGV[3], ARGV[4], ARGV[4])
return 'ended'
