-- Begin to fetch a leased document. KEYS[MORE + 1] to [MORE + 3], ARGV[3] flow, [4] host as in `_errand.lua`,
-- ARGV[5] lease, [6] how often it may be begun: whoever did so before died of it.
-- Answers JSON of what the keeper needs, or nothing if there is nothing to fetch.
local QUEUE = KEYS[MORE + 3]
if redis.call('ZSCORE', QUEUE, JOB_ID) ~= ARGV[5] then return false end
local wanted = not ended()
if wanted and redis.call('HINCRBY', JOB, 'fetches', 1) > tonumber(ARGV[6]) then
  finish_job('failed', 'fetch_failed', 'Fetching the document broke off each time that it was tried.')
  wanted = false
end
if wanted then
  return cjson.encode(redis.call('HMGET', JOB, 'tenant', 'url', 'document', 'options', 'request', 'trace'))
end
redis.call('ZREM', QUEUE, JOB_ID)
reckon(KEYS[MORE + 1], KEYS[MORE + 2], QUEUE, ARGV[3], ARGV[4])
return false
