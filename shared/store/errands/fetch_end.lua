-- Note what became of fetching a document. KEYS[MORE + 1] to [MORE + 3], ARGV[3] flow, [4] host as in
-- `_errand.lua`, ARGV[5] lease, [6] 'done' with [7] the document (JSON) and [8] '1' if one page is all that
-- is to be read and [9] what it needs of a worker; 'failed' with [7] code and [8] detail; or 'again' with
-- [7] ms until then.
-- Answers 'ready', 'failed', 'again', 'ended' (the job, meanwhile) or 'lost' if somebody else has the lease.
local QUEUE = KEYS[MORE + 3]
if redis.call('ZSCORE', QUEUE, JOB_ID) ~= ARGV[5] then return 'lost' end
if ARGV[6] == 'again' and not ended() then
  redis.call('HINCRBY', JOB, 'fetches', -1)
  put(MORE + 1, ARGV[3], ARGV[4], JOB_ID, STEADY + ARGV[7])
  return 'again'
end
redis.call('ZREM', QUEUE, JOB_ID)
reckon(KEYS[MORE + 1], KEYS[MORE + 2], QUEUE, ARGV[3], ARGV[4])
if ended() then return 'ended' end
if ARGV[6] == 'failed' then
  finish_job('failed', ARGV[7], ARGV[8])
  return 'failed'
end
redis.call('HSET', JOB, 'document', ARGV[7], 'need', ARGV[9])
redis.call('HDEL', JOB, 'url', 'fetches')
local known = ARGV[8] == '1'
if known then redis.call('HSET', JOB, 'num_pages', 1, 'total', 1) end
make_ready('0', { p = known and { 1 } or nil, a = 0, d = 0 })
return 'ready'
