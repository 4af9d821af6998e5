-- Claim a ready slice: lease it and count the attempt before anything of the document is touched.
-- ARGV[3] slice, [4] worker, [5] lease (ms), [6] nonce of this claim, [7] crashes as the worker knows them,
-- [8] [9] time a job may take, for itself and for each page (ms).
-- Answers JSON of what the worker needs, or nothing if somebody else was faster.
local index = ARGV[3]
local slice = load_slice(index)
if not slice then
  -- Nothing should be queued without its slice; if it is, it must not block the queue's head.
  for _, name in pairs(READY) do redis.call('ZREM', name, member(index)) end
  return false
end
local lane = get('lane')
local score = redis.call('ZSCORE', READY[lane], member(index))
if score then
  -- It died while this worker got ready to read it beside others: it is to be read alone now.
  if slice.d ~= tonumber(ARGV[7]) then return false end
  local other = lane == 'bulk' and 'interactive' or 'bulk'
  if redis.call('ZCARD', READY[other]) > 0 then
    redis.call('HINCRBY', LANES, 'served:' .. lane, math.max(1, slice.p and #slice.p or 1))
  else
    redis.call('HDEL', LANES, 'served:' .. lane, 'served:' .. other)
  end
  leave_lane(index)
  local virtual = tonumber(redis.call('HGET', LANES, 'virtual:' .. lane) or 0)
  redis.call('HSET', LANES, 'virtual:' .. lane, math.max(virtual, tonumber(score)))
  slice.s, slice.a, slice.o, slice.n, slice.t = 'l', slice.a + 1, ARGV[4], ARGV[6], NOW
  save_slice(index, slice)
  redis.call('ZADD', LEASES, NOW + ARGV[5], member(index))
  if get('status') == 'queued' then
    set_status('running')
    redis.call('HSET', JOB, 'started', NOW)
    local batch = get('batch')
    if batch then redis.call('HSETNX', BATCHES, batch .. '/began', NOW) end
    set_deadline(ARGV[8], ARGV[9], math.max(1, number('total')))
    publish('running')
  end
  for _, waiting in pairs(READY) do
    if redis.call('ZCARD', waiting) > 0 then ring() end
  end
elseif slice.n ~= ARGV[6] then -- else: the same command once more, after a lost answer
  return false
end
local done = {}
for _, page in ipairs(slice.p or {}) do
  if redis.call('HEXISTS', PAGES, page) == 1 then done[#done + 1] = page end
end
local job = redis.call('HMGET', JOB, 'tenant', 'document', 'options')
return cjson.encode({
  attempt = slice.a, crashes = slice.d, pages = slice.p, done = #done > 0 and done or nil,
  tenant = job[1], document = job[2], options = job[3],
})
