-- Note what somebody said of a line or a field. ARGV[3] its place, [4] the version as JSON (k, t, by as in
-- keys.py), [5] how many of one place are kept, the newest, [6] how many bytes of all.
-- Answers the versions as JSON, 'gone' or 'full'. The same once more is no other version.
if not get('status') or get('status') == 'expired' then return 'gone' end
local known = redis.call('HGET', CORRECTIONS, ARGV[3])
local versions, new = known and decode(known) or {}, cjson.decode(ARGV[4])
local last = versions[#versions]
if last and last.k == new.k and last.t == new.t then return known end
new.at = NOW
versions[#versions + 1] = new
while #versions > tonumber(ARGV[5]) do table.remove(versions, 1) end
local text = cjson.encode(versions)
local size = number('corrected_bytes') + #text - #(known or '')
if size > tonumber(ARGV[6]) then return 'full' end
redis.call('HSET', CORRECTIONS, ARGV[3], text)
redis.call('HSET', JOB, 'corrected_bytes', size)
redis.call('HINCRBY', JOB, 'corrected', 1)
redis.call('ZADD', part(LISTS, 'jobs:' .. get('tenant'), 'corrected'), NOW, JOB_ID)
return text
