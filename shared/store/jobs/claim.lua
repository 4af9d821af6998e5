-- Lease the slice that was chosen, and count the attempt before anything of the document is touched.
-- ARGV[6] worker, [7] lease (ms), [8] [9] time a job may take, for itself and for each page (ms),
-- [10] the need whose message woke the worker, or ''.
-- Answers JSON of what the worker needs; else as `_choose.lua` says.
local index = index_of(CHOSEN.name)
local slice = load_slice(index)
local waited -- since the job was accepted (ms), where this is its first claim

-- Let the lane's time go on to this slice's; what waited for somebody who can read it goes on from now.
local function advance(lane, need)
  local virtual = lane_number('virtual:' .. lane)
  if CHOSEN.at < virtual then
    redis.call('HINCRBYFLOAT', LANES, 'shift:' .. lane .. ':' .. need, virtual - CHOSEN.at)
  else
    virtual = CHOSEN.at
    redis.call('HSET', LANES, 'virtual:' .. lane, virtual)
  end
  -- The ends of flows that are over by now say nothing any more.
  local raw = virtual - lane_number('shift:' .. lane .. ':' .. need)
  redis.call('ZREMRANGEBYSCORE', FLOWS[lane] .. need, '-inf', raw)
end

local function count_served(lane)
  if BOTH then
    redis.call('HINCRBY', LANES, 'served:' .. lane, num_pages(slice))
  else
    redis.call('HDEL', LANES, 'served:interactive', 'served:bulk')
  end
end

local function begin()
  if get('status') ~= 'queued' then return end
  set_status('running')
  waited = NOW - number('created')
  redis.call('HSET', JOB, 'started', NOW, 'began', STEADY)
  local batch = get('batch')
  if batch then redis.call('HSETNX', BATCHES, batch .. '/began', NOW) end
  set_deadline(ARGV[8], ARGV[9], math.max(1, number('total')))
  publish('running')
end

if not AGAIN then
  count_served(CHOSEN.lane)
  leave_lane(index)
  advance(CHOSEN.lane, CHOSEN.need)
  slice.s, slice.a, slice.o, slice.t = 'l', slice.a + 1, ARGV[6], NOW
  save_slice(index, slice)
  redis.call('ZADD', LEASES, STEADY + ARGV[7], member(index))
  redis.call('SET', KEYS[MORE + 1], CHOSEN.name .. ' ' .. slice.a, 'PX', 30000)
  begin()
  -- The message that woke this worker was for a slice of another need, which still waits.
  if ARGV[10] ~= '' and ARGV[10] ~= CHOSEN.need then wake(ARGV[10]) end
elseif not slice or slice.s ~= 'l' or AGAIN ~= CHOSEN.name .. ' ' .. slice.a then
  return false -- it was lost meanwhile
elseif number('started') == slice.t then
  waited = slice.t - number('created') -- as it was answered before
end
local done = {}
for _, page in ipairs(slice.p or {}) do
  if redis.call('HEXISTS', PAGES, page) == 1 then done[#done + 1] = page end
end
local job = redis.call('HMGET', JOB, 'tenant', 'document', 'options', 'request', 'trace')
return cjson.encode({
  job = JOB_ID, slice = index, attempt = slice.a, crashes = slice.d, pages = slice.p,
  done = #done > 0 and done or nil, tenant = job[1], document = job[2], options = job[3],
  request = job[4] or nil, trace = job[5] or nil, waited = waited,
})
