-- Queue a slice again that waited apart, its tenant being paused.
-- KEYS[MORE + 1] what waits apart of this tenant. ARGV[3] slice, [4] how many pages behind the head of
-- its lane, [5] its entry there, [6] tenant. Answers 'paused' where it is so again.
if redis.call('HEXISTS', PAUSED, ARGV[6]) == 1 then return 'paused' end
local slice = load_slice(ARGV[3])
redis.call('ZREM', KEYS[MORE + 1], ARGV[5])
if not slice or slice.s ~= 'r' then return 'gone' end
local lane, flow, tenant = unpack(redis.call('HMGET', JOB, 'lane', 'flow', 'tenant'))
local need = get('need') .. suspicion(slice)
count_waiting(lane, flow, need, tenant, -1, num_pages(slice)) -- it counted all the time
make_ready(ARGV[3], slice, tonumber(ARGV[4]))
return 'ready'
