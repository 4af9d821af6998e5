-- What the scripts that change a batch share. It is put in front of each of them, after `_clock.lua`.
-- KEYS: as named here (keys.py, of_batch). ARGV[2]: batch id, [3] its run as the caller knows it:
-- each run has an event of its own, and so a key.
local BATCH, LISTS, NAMES, COUNTS, DUE = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5] -- the second is a stem
local EVENT, OUTBOX, SUBSCRIBERS = KEYS[6], KEYS[7], KEYS[8]
local UPLOADS, UPLOAD = KEYS[9], KEYS[10]
local MORE = 10 -- a script's own keys follow
local BATCH_ID = ARGV[2]
local LOOK_MS = 60000 -- after which a batch is looked at though nothing was heard of it
local MOST_MS = 6 * 3600000 -- no longer, or a clock that is set would decide

local function get(field) return redis.call('HGET', BATCH, field) end
local function number(field) return tonumber(get(field) or 0) end
local function count(name) return tonumber(redis.call('HGET', COUNTS, BATCH_ID .. '/' .. name) or 0) end
local function known() return redis.call('EXISTS', BATCH) == 1 end
local function look_at(ms)
  redis.call('ZADD', DUE, STEADY + math.max(0, math.min(ms - NOW, MOST_MS)), BATCH_ID)
end
local function publish(what) redis.call('PUBLISH', 'docchu:events:' .. BATCH_ID, what) end

-- Write the event of the end, as `tell` in `_job.lua` does.
local function publish_event()
  local run = number('run')
  local listeners = {}
  local kinds = redis.call('HGET', SUBSCRIBERS, get('tenant'))
  for webhook, wanted in pairs(decode(kinds) or {}) do
    if type(wanted) == 'table' and wanted['batch.finished'] then listeners[#listeners + 1] = webhook end
  end
  local url = (decode(get('options')) or {}).webhook_url
  if #listeners == 0 and not url then return end
  redis.call('HSET', EVENT, 'id', get('event'), 'type', 'batch.finished', 'at', NOW,
    'tenant', get('tenant'), 'webhooks', table.concat(listeners, ' '), 'url', url or '', 'include', '')
  redis.call('ZADD', OUTBOX, next_turn(OUTBOX) or NOW, run == 1 and BATCH_ID or BATCH_ID .. '.' .. run)
end

-- The one way to the end of a run.
local function finish()
  redis.call('HSET', BATCH, 'finished', NOW)
  redis.call('HINCRBY', BATCH, 'ends', 1) -- for the fault suite: it must stay at the run's number
  look_at(NOW + number('result_ttl'))
  publish_event()
  publish('finished')
end

-- End the run if it is closed and nothing is left to do; whether it has ended.
local function finish_if_done()
  if get('finished') then return true end
  if not get('closed') or get('bulk') or number('uploads') > 0 then return false end
  if number('run') ~= tonumber(ARGV[3]) then return false end -- the keeper looks again
  if count('queued') + count('running') > 0 then return false end
  finish()
  return true
end

local STATUSES = { 'queued', 'running', 'succeeded', 'partial', 'failed', 'canceled', 'expired' }
local function forget_jobs()
  for _, status in ipairs(STATUSES) do redis.call('DEL', part(LISTS, 'batch:' .. BATCH_ID, status)) end
end

local function close()
  if not get('closed') then redis.call('HSET', BATCH, 'closed', NOW) end
end
