-- Add an upload to an open batch. ARGV[4] upload id, [5] upload as flat JSON, [6] '1' if it is the last.
-- Answers 'added', 'closed' or 'gone'.
if redis.call('EXISTS', UPLOAD) == 1 then return 'added' end -- a repeated command
if not known() or get('gone') then return 'gone' end
if get('closed') then return 'closed' end
for field, value in pairs(cjson.decode(ARGV[5])) do redis.call('HSET', UPLOAD, field, value) end
redis.call('ZADD', UPLOADS, STEADY, ARGV[4])
redis.call('HINCRBY', BATCH, 'uploads', 1)
redis.call('HSET', BATCH, 'touched', NOW)
if ARGV[6] == '1' then close() end
return 'added'
