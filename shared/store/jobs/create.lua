-- Create a job with its first slice, and answer what its Idempotency-Key will answer.
-- KEYS[MORE + 1] the places, KEYS[MORE + 2] the idempotency record (may be unused).
-- ARGV[3] record as flat JSON, [4] max backlog of all, [5] of the tenant, [6] idempotency token or '',
-- [7] fingerprint, [8] how long it is kept (ms). For a job of a batch also what `_adding.lua` names.
-- A record with a `url` is of a document to be fetched: KEYS[MORE + 6] and on and ARGV[12], [13] are of
-- that errand. A record with a `code` is of a document that cannot be taken: the job fails at once.
-- Answers what its caller is shown of the new job (places.py), or 'created' where it is out of an upload;
-- 'full', 'lost' if another request holds the idempotency key by now; of a batch
-- also 'gone', 'closed', 'crowded', 'stale' or the id of the job that has this `custom_id`.
local record = cjson.decode(ARGV[3])
local function created()
  if ARGV[9] == '1' then return 'created' end
  local place = redis.call('ZRANK', READY[record.lane] .. record.need, member('0'))
  return {
    redis.call('HGETALL', JOB), place, redis.call('HGETALL', PAUSED), redis.call('HGET', NEEDS, record.need),
    redis.call('HGET', RATE, 'gap'),
  }
end
if redis.call('EXISTS', JOB) == 1 then return created() end -- a repeated command
local refusal = record.batch and refused(record)
if refusal then return refusal end
local all = tonumber(redis.call('HGET', BACKLOG, '*') or 0)
local own = tonumber(redis.call('HGET', BACKLOG, record.tenant) or 0)
local full = all >= tonumber(ARGV[4]) or own >= tonumber(ARGV[5])
if full and not record.code then return 'full' end
if ARGV[6] ~= '' then
  local holder = redis.call('GET', KEYS[MORE + 2])
  if holder and (decode(holder) or {}).token ~= ARGV[6] then return 'lost' end
end
for field, value in pairs(record) do redis.call('HSET', JOB, field, value) end
redis.call('HSET', JOB, 'status', 'queued', 'created', NOW, 'next', 1)
redis.call('HINCRBY', STATES, 'queued', 1)
if record.timeout then redis.call('ZADD', DEADLINES, STEADY + record.timeout, JOB_ID) end
if record.batch then add(record) end
count_backlog(1)
local owner = 'jobs:' .. record.tenant
redis.call('ZADD', part(LISTS, owner, 'queued'), next_place(KEYS[MORE + 1], owner), JOB_ID)
if ARGV[6] ~= '' then
  redis.call('SET', KEYS[MORE + 2], cjson.encode({ job = JOB_ID, fingerprint = ARGV[7] }), 'PX', ARGV[8])
end
if record.code then
  finish_job('failed', record.code, record.detail)
elseif record.url then
  put(MORE + 6, ARGV[12], ARGV[13], JOB_ID, STEADY)
else
  -- Where the number of pages is known, the slice is as if the document had been opened.
  make_ready('0', { p = record.total and { 1 }, a = 0, d = 0 })
end
return created()
