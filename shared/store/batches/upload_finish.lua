-- An upload is unpacked, or cannot be. ARGV[4] upload id, [5] attempt, [6] code, [7] detail (or '').
-- Answers 1, or nothing if it is another's.
if redis.call('EXISTS', UPLOAD) == 0 then return 1 end -- a repeated command
if redis.call('HGET', UPLOAD, 'attempt') ~= ARGV[5] then return false end
redis.call('DEL', UPLOAD)
redis.call('ZREM', UPLOADS, ARGV[4])
if not known() then return 1 end
redis.call('HINCRBY', BATCH, 'uploads', -1)
if get('gone') then return 1 end
if ARGV[6] ~= '' and not get('code') then redis.call('HSET', BATCH, 'code', ARGV[6], 'detail', ARGV[7]) end
if not finish_if_done() then look_at(NOW) end
return 1
