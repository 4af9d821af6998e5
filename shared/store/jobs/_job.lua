-- What the scripts that change a job share. It is put in front of each of them, after `_clock.lua`.
-- KEYS: as named here (keys.py, of_job). ARGV[1]: now (ms; empty: the server's clock), ARGV[2]: job id.
local JOB, SLICES, PAGES = KEYS[1], KEYS[2], KEYS[3]
local READY = { interactive = KEYS[4], bulk = KEYS[5] } -- stems: a need comes behind them
local FLOWS = { interactive = KEYS[6], bulk = KEYS[7] } -- stems, too
local LANES, LEASES, BACKLOG, RETENTION, RATE = KEYS[8], KEYS[9], KEYS[10], KEYS[11], KEYS[12]
local EVENT, OUTBOX, SUBSCRIBERS = KEYS[13], KEYS[14], KEYS[15]
local TIMELINE, DEADLINES = KEYS[16], KEYS[17]
local BATCHES, BATCHES_DUE = KEYS[18], KEYS[19]
local STATES, ERASED = KEYS[20], KEYS[21]
local WAITING = { interactive = KEYS[22], bulk = KEYS[23] }
local WAKEUPS, NEEDS = KEYS[24], KEYS[25] -- the first is a stem
local LISTS = KEYS[26] -- a stem, too
local PAUSED, PARKED = KEYS[27], KEYS[28] -- the second is a stem
local CORRECTIONS, PRINTS = KEYS[29], KEYS[30]
local MORE = 30 -- a script's own keys follow
local MAX_TIMELINE = 500 -- attempts
local MAX_ERRORS = 10 -- jobs that a batch names
local JOB_ID = ARGV[2]
local ENDED = { succeeded = true, partial = true, failed = true, canceled = true, expired = true }

local function get(field) return redis.call('HGET', JOB, field) end
local function number(field) return tonumber(get(field) or 0) end
local function ended()
  local status = get('status')
  return not status or ENDED[status] or false
end
local function member(index) return JOB_ID .. '/' .. index end
local function publish(what) redis.call('PUBLISH', 'docchu:events:' .. JOB_ID, what) end

-- What a tenant keeps of jobs that have ended is bounded: these go first that ended first, and of
-- tombstones those that were erased first.
local function age(tenant, status)
  local finished = part(LISTS, 'jobs:' .. tenant, 'finished')
  if status == 'expired' then
    redis.call('ZREM', finished, JOB_ID)
    redis.call('ZADD', part(LISTS, 'jobs:' .. tenant, status), 'XX', STEADY, JOB_ID)
  elseif ENDED[status] then
    redis.call('ZADD', finished, STEADY, JOB_ID)
  end
end

-- Change the status, here, in the counts and in the lists: of all jobs and the tenant's, and of the
-- job's batch, if it is in one.
local function set_status(status)
  local before, batch, tenant = unpack(redis.call('HMGET', JOB, 'status', 'batch', 'tenant'))
  redis.call('HSET', JOB, 'status', status)
  redis.call('HINCRBY', STATES, before, -1)
  redis.call('HINCRBY', STATES, status, 1)
  relist(LISTS, 'jobs:' .. (tenant or ''), JOB_ID, before, status)
  age(tenant or '', status)
  if not batch then return end
  redis.call('HINCRBY', BATCHES, batch .. '/' .. before, -1)
  redis.call('HINCRBY', BATCHES, batch .. '/' .. status, 1)
  relist(LISTS, 'batch:' .. batch, JOB_ID, before, status)
end

local function load_slice(index) return slice_in(redis.call('HGET', SLICES, index)) end
local function save_slice(index, slice)
  -- cjson writes an empty table as an object: an unopened slice has no field `p` at all.
  redis.call('HSET', SLICES, index, cjson.encode(slice))
end

-- The slice if this attempt still holds it, else nothing: the fence against stale workers.
local function held(index, attempt)
  local slice = load_slice(index)
  if slice and slice.s == 'l' and slice.a == tonumber(attempt) then return slice end
end

-- Note how an attempt ended; one that waits to be claimed is none. The oldest are let go.
local function end_attempt(index, slice, outcome)
  if not slice or slice.s ~= 'l' then return end
  local entry = cjson.encode({ index, slice.a, slice.o, slice.t, NOW, outcome })
  if redis.call('RPUSH', TIMELINE, entry) > MAX_TIMELINE then redis.call('LPOP', TIMELINE) end
end

-- When the job must have ended, unless its caller said so when it was created.
local function set_deadline(job_ms, page_ms, num_pages)
  if get('timeout') then return end
  redis.call('ZADD', DEADLINES, tonumber(get('began') or get('started')) + job_ms + page_ms * num_pages, JOB_ID)
end

local function num_waiting(need)
  return redis.call('ZCARD', READY.interactive .. need) + redis.call('ZCARD', READY.bulk .. need)
end

-- Wake a worker that can read slices of this need, unless a message for each that waits is there; a
-- single one wakes a process for all that are suspect.
-- A script that may do so has Celery's message as its last argument, `@need@` and `@id@` in the place
-- of what makes it this one (broker.py).
local function wake(need)
  if redis.call('HEXISTS', PAUSED, '*') == 1 then return end -- nobody would get anything
  local enough = string.sub(need, -1) == '!' and 1 or num_waiting(need)
  if redis.call('LLEN', WAKEUPS .. need) >= enough then return end
  local id = 'docchu-' .. redis.call('HINCRBY', LANES, 'messages', 1)
  local message = string.gsub(ARGV[#ARGV], '@(%a+)@', { need = need, id = id })
  redis.call('LPUSH', WAKEUPS .. need, message)
end

-- The pages of a slice; one that has not been opened counts as one.
local function num_pages(slice) return math.max(1, slice and slice.p and #slice.p or 1) end

-- Count the slices that wait, their pages, and the flows of the tenant that have any; answer the latter.
local function count_waiting(lane, flow, need, tenant, change, pages)
  local function count(name, by)
    local left = redis.call('HINCRBY', WAITING[lane], name, by or change)
    if left == 0 then redis.call('HDEL', WAITING[lane], name) end
    return left
  end
  count('pages', change * pages)
  if count('*') <= 0 then redis.call('HDEL', WAITING[lane], 'pages') end
  if count('flow:' .. flow .. ':' .. need) == math.max(change, 0) then return count('tenant:' .. tenant) end
  return tonumber(redis.call('HGET', WAITING[lane], 'tenant:' .. tenant))
end

local function lane_number(name) return tonumber(redis.call('HGET', LANES, name) or 0) end

-- Queue a slice and wake a worker for it. With `ahead` it goes that many pages behind the head, else
-- behind its flow's work. A flow is what a tenant or a batch has waiting of one need. The flows of a
-- tenant share its part: a page of one of three costs as much as three pages.
local function make_ready(index, slice, ahead)
  local lane, flow, tenant, need = unpack(redis.call('HMGET', JOB, 'lane', 'flow', 'tenant', 'need'))
  need = need .. suspicion(slice)
  local ready, flows = READY[lane] .. need, FLOWS[lane] .. need
  local virtual = lane_number('virtual:' .. lane) - lane_number('shift:' .. lane .. ':' .. need)
  if redis.call('EXISTS', WAITING[lane]) == 0 then redis.call('DEL', flows) end
  local num_flows = count_waiting(lane, flow, need, tenant, 1, num_pages(slice))
  local start = virtual + (ahead or 0)
  if not ahead then
    local pages = num_pages(slice)
    -- A flow begins behind a turn of each other one, or many small batches would all go first.
    start = math.max(virtual + (num_flows - 1) * pages, tonumber(redis.call('ZSCORE', flows, flow) or 0))
    redis.call('ZADD', flows, start + num_flows * pages, flow)
  end
  slice.s, slice.o = 'r', nil
  save_slice(index, slice)
  redis.call('ZADD', ready, start, member(index))
  redis.call('HSETNX', NEEDS, need, '')
  wake(need)
end

-- Take a slice out of its lane; a message too many goes with it.
local function leave_lane(index)
  local lane, flow, tenant, of_job = unpack(redis.call('HMGET', JOB, 'lane', 'flow', 'tenant', 'need'))
  for _, need in ipairs({ of_job, of_job .. '!' }) do
    if redis.call('ZREM', READY[lane] .. need, member(index)) == 1 then
      count_waiting(lane, flow, need, tenant, -1, num_pages(load_slice(index)))
      if redis.call('LLEN', WAKEUPS .. need) > num_waiting(need) then
        redis.call('RPOP', WAKEUPS .. need)
      end
    elseif redis.call('ZREM', PARKED .. tenant, lane .. ' ' .. need .. ' ' .. member(index)) == 1 then
      count_waiting(lane, flow, need, tenant, -1, num_pages(load_slice(index)))
    end
  end
end

local function drop_slice(index, outcome)
  end_attempt(index, load_slice(index), outcome)
  leave_lane(index)
  redis.call('HDEL', SLICES, index)
  redis.call('ZREM', LEASES, member(index))
end

local function count_backlog(pages)
  if pages == 0 then return end -- as a negative zero it would not be an integer to Redis 7.0
  local job = redis.call('HMGET', JOB, 'tenant', 'batch')
  for _, name in ipairs({ job[1], '*' }) do
    if redis.call('HINCRBY', BACKLOG, name, pages) <= 0 then redis.call('HDEL', BACKLOG, name) end
  end
  if job[2] then redis.call('HINCRBY', BATCHES, job[2] .. '/left', pages) end
end

local function unread()
  local total = get('total')
  if not total then return 1 end
  return tonumber(total) - number('done') - number('failed')
end

-- Write the event of the job's end, if anybody is to be told: the job's own address, or whoever of its
-- tenant listens at this moment. A job without an `event` (the canary) tells nobody.
local function publish_event(status)
  local id, kind = get('event'), 'job.' .. status
  if not id then return end
  local options = decode(get('options')) or {}
  local listeners = {}
  for webhook, kinds in pairs(decode(redis.call('HGET', SUBSCRIBERS, get('tenant'))) or {}) do
    if type(kinds) == 'table' and kinds[kind] then listeners[#listeners + 1] = webhook end
  end
  if #listeners == 0 and not options.webhook_url then return end
  redis.call('HSET', EVENT, 'id', id, 'type', kind, 'at', NOW, 'tenant', get('tenant'),
    'webhooks', table.concat(listeners, ' '), 'url', options.webhook_url or '',
    'include', options.webhook_include or '')
  -- The turns of a tenant's events follow each other, and those of another begin with the next one.
  local mark, turn = 'told:' .. get('tenant'), next_turn(OUTBOX)
  local last = turn and redis.call('HGET', LANES, mark) or 0
  local place = math.max(turn or NOW, last + 1)
  redis.call('HSET', LANES, mark, place)
  redis.call('ZADD', OUTBOX, place, JOB_ID)
end

-- Note in the batch what went wrong with the job, and whether it was the last one under way.
local function publish_batch_event(code)
  local batch = get('batch')
  if not batch then return end
  if code then
    local errors = redis.call('HGET', BATCHES, batch .. '/errors') or ''
    if #errors < MAX_ERRORS * (#JOB_ID + 1) then
      redis.call('HSET', BATCHES, batch .. '/errors', errors .. JOB_ID .. ' ')
    end
  end
  local left = redis.call('HMGET', BATCHES, batch .. '/queued', batch .. '/running')
  if tonumber(left[1] or 0) + tonumber(left[2] or 0) == 0 then
    redis.call('ZADD', BATCHES_DUE, STEADY, batch)
    redis.call('PUBLISH', 'docchu:events:' .. batch, 'idle')
  end
end

-- The one terminal transition.
local function finish_job(status, code, detail)
  for _, index in ipairs(redis.call('HKEYS', SLICES)) do drop_slice(index, status) end
  redis.call('DEL', SLICES)
  count_backlog(-unread())
  set_status(status)
  redis.call('HSET', JOB, 'finished', NOW)
  redis.call('HINCRBY', JOB, 'ends', 1) -- for the fault suite: it must stay 1
  redis.call('ZREM', DEADLINES, JOB_ID)
  if code then redis.call('HSET', JOB, 'code', code, 'detail', detail) end
  redis.call('HDEL', JOB, 'cancel', 'next', 'began')
  redis.call('ZADD', RETENTION, NOW + math.min(number('input_ttl'), number('result_ttl')), JOB_ID)
  publish_event(status)
  publish_batch_event(code)
  publish(status)
end

-- Why no page could be read: the pages' own reason where it is the same for all.
local function common_reason()
  local code, detail
  for _, text in ipairs(redis.call('HVALS', PAGES)) do
    local page = decode(text) or {}
    if code and code ~= page.c then
      return 'all_pages_failed', 'None of the pages could be read.'
    end
    code, detail = page.c, page.d
  end
  return code, detail
end

-- End the job if no slice is left: by what became of its pages.
local function finish_if_done()
  if redis.call('HLEN', SLICES) > 0 then return end
  if get('cancel') and unread() > 0 then return finish_job('canceled') end
  if number('done') == 0 then return finish_job('failed', common_reason()) end
  if number('failed') + number('flawed') == 0 then return finish_job('succeeded') end
  finish_job('partial', 'some_pages_failed', 'Some pages could not be read, or not wholly.')
end

-- Record what became of a page: `page` has `b` (blob of the result) or `c` and `d`, or all three.
-- `n` counts the pages as they finish: whoever follows a job can go on after any of them.
local function record_page(name, page)
  page.n = number('done') + number('failed') + 1
  redis.call('HSET', PAGES, name, cjson.encode(page))
  redis.call('HINCRBY', JOB, page.b and 'done' or 'failed', 1)
  local batch = get('batch')
  if batch then redis.call('HINCRBY', BATCHES, batch .. '/done', 1) end
  if page.b and page.c then redis.call('HINCRBY', JOB, 'flawed', 1) end
  count_backlog(-1)
  publish('page ' .. name)
end
