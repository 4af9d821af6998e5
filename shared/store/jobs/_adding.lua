-- How a new job comes into its batch. It is put in front of `create.lua`, after `_job.lua`.
-- KEYS[MORE + 3] the batch, [MORE + 4] its names, [MORE + 5] the job that this one replaces (may be
-- unused). ARGV[9] '1' if it comes out of an upload, [10] max jobs of a batch,
-- [11] id of the job that it replaces, or ''.
local BATCH, NAMES, REPLACED = KEYS[MORE + 3], KEYS[MORE + 4], KEYS[MORE + 5]

-- Why a job cannot come in, or which job has its `custom_id` already; nothing if it can.
local function refused(record)
  local tenant, gone, canceled, closed, last =
    unpack(redis.call('HMGET', BATCH, 'tenant', 'gone', 'canceled', 'closed', 'last'))
  if tenant ~= record.tenant or gone then return 'gone' end
  local holder = redis.call('HGET', NAMES, record.custom_id)
  if ARGV[11] ~= '' then
    local ready = holder == ARGV[11] and redis.call('HGET', REPLACED, 'status') == 'failed'
    return not ready and 'stale' or nil
  end
  if holder then return holder end
  if canceled or (closed and ARGV[9] ~= '1') then return 'closed' end
  if tonumber(last) >= tonumber(ARGV[10]) then return 'crowded' end
end

-- Take the job out of its batch in whose place another one comes; answer that place.
local function vacate(batch)
  local position, done, failed = unpack(redis.call('HMGET', REPLACED, 'position', 'done', 'failed'))
  redis.call('HDEL', REPLACED, 'batch', 'position', 'custom_id')
  relist(LISTS, 'batch:' .. batch, ARGV[11], 'failed')
  redis.call('HINCRBY', BATCHES, batch .. '/failed', -1)
  local pages = tonumber(done or 0) + tonumber(failed or 0)
  if pages > 0 then redis.call('HINCRBY', BATCHES, batch .. '/done', -pages) end
  local errors = redis.call('HGET', BATCHES, batch .. '/errors') or ''
  local from, to = string.find(errors, ARGV[11] .. ' ', 1, true)
  if from then
    redis.call('HSET', BATCHES, batch .. '/errors', errors:sub(1, from - 1) .. errors:sub(to + 1))
  end
  return position
end

-- Give the job its place, and count it as queued.
local function add(record)
  local batch = record.batch
  local position = ARGV[11] ~= '' and vacate(batch) or redis.call('HINCRBY', BATCH, 'last', 1)
  redis.call('HSET', JOB, 'position', position)
  redis.call('HSET', BATCH, 'touched', NOW)
  redis.call('HSET', NAMES, record.custom_id, JOB_ID)
  redis.call('ZADD', part(LISTS, 'batch:' .. batch, 'queued'), position, JOB_ID)
  redis.call('HINCRBY', BATCHES, batch .. '/queued', 1)
  redis.call('PUBLISH', 'docchu:events:' .. batch, 'added')
end
