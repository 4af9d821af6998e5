-- Which slice a worker gets. It is put between `_clock.lua` and `_job.lua`, whose KEYS it completes:
-- they have a `?` in the place of the job's id, ARGV[2] is empty. KEYS[27] who is paused, KEYS[28] the
-- stem of what waits apart meanwhile, KEYS[31] this claim, KEYS[32] the workers that take nothing new.
-- ARGV[3] needs that the worker meets, as JSON, [4] '1' if it may be bulk work, [5] JSON of the tenants
-- of which it may be no interactive work, [6] the worker.
-- Interactive work goes first, but a tenth of the pages is for bulk work that waits; in a lane the
-- least virtual time is next, whatever its need. Answers nothing if nothing waits that this worker can
-- read, 'kept' if something waits but the worker's place is kept for others.
local NEEDS_MET, NOT_OF = cjson.decode(ARGV[3]), cjson.decode(ARGV[5])
local MOST_PARKED = 500 -- slices in one claim: some milliseconds

-- The next slice of a lane: its name, its virtual time, its need, how far that is shifted.
local function head(lane, ready)
  local best
  for _, need in ipairs(NEEDS_MET) do
    local first = redis.call('ZRANGE', ready .. need, 0, 0, 'WITHSCORES')
    if first[1] then
      local shift = tonumber(redis.call('HGET', KEYS[8], 'shift:' .. lane .. ':' .. need) or 0)
      local at = tonumber(first[2]) + shift
      if not best or at < best.at then
        best = { name = first[1], at = at, need = need, lane = lane, ready = ready .. need }
      end
    end
  end
  return best
end

local function job_of(name) return string.match(name, '^(.*)/') end
local function index_of(name) return string.match(name, '[^/]*$') end
local function of_job(key, job) return (string.gsub(key, '%?', function() return job end)) end

local function may_be(slice)
  if slice.lane == 'bulk' then return ARGV[4] == '1' end
  local job = #NOT_OF > 0 and job_of(slice.name)
  local tenant = job and redis.pcall('HGET', of_job(KEYS[1], job), 'tenant')
  for _, name in ipairs(NOT_OF) do
    if name == tenant then return false end
  end
  return true
end

-- The slice to be taken, whether both lanes wait, and whether anything waits at all.
local function next_slice()
  local interactive, bulk = head('interactive', KEYS[4]), head('bulk', KEYS[5])
  local waits, both = interactive or bulk, interactive and bulk and true
  if interactive and not may_be(interactive) then interactive = nil end
  if bulk and not may_be(bulk) then bulk = nil end
  if not (interactive and bulk) then return interactive or bulk, both, waits end
  local served = redis.call('HMGET', KEYS[8], 'served:interactive', 'served:bulk')
  if tonumber(served[2] or 0) * 9 < tonumber(served[1] or 0) then return bulk, true end
  return interactive, true
end

-- The same command once more, after a lost answer: the slice and the attempt that it began.
local AGAIN = redis.call('GET', KEYS[31])
local CHOSEN, BOTH = AGAIN and { name = string.match(AGAIN, '^%S+') }, false

-- The chosen slice, if its records are what they should be.
local function chosen_slice()
  local job = job_of(CHOSEN.name)
  if not job then return end
  local known = redis.pcall('HMGET', of_job(KEYS[1], job), 'lane', 'need')
  local slice = slice_in(redis.pcall('HGET', of_job(KEYS[2], job), index_of(CHOSEN.name)))
  local need = slice and known[2] and known[2] .. suspicion(slice)
  if slice and known[1] == CHOSEN.lane and need == CHOSEN.need then return slice end
  redis.call('ZADD', KEYS[17], 'NX', STEADY, job) -- it never gets a worker, so its time is over
end

-- Put the chosen slice apart if its tenant is paused; whether that was done.
local ANY_PAUSED, NUM_PARKED = not AGAIN and redis.call('HLEN', KEYS[27]) > 0, 0
local function parked()
  local tenant = ANY_PAUSED and redis.call('HGET', of_job(KEYS[1], job_of(CHOSEN.name)), 'tenant')
  if not tenant or redis.call('HEXISTS', KEYS[27], tenant) == 0 then return false end
  local at = redis.call('ZSCORE', CHOSEN.ready, CHOSEN.name)
  redis.call('ZADD', KEYS[28] .. tenant, at, CHOSEN.lane .. ' ' .. CHOSEN.need .. ' ' .. CHOSEN.name)
  redis.call('SADD', KEYS[28] .. '*', tenant)
  NUM_PARKED = NUM_PARKED + 1
  return true
end

local function is_stopped()
  return ANY_PAUSED and redis.call('HEXISTS', KEYS[27], '*') == 1 or redis.call('HEXISTS', KEYS[32], ARGV[6]) == 1
end

if not AGAIN then
  if is_stopped() then return false end
  local slice
  repeat
    local waits
    CHOSEN, BOTH, waits = next_slice()
    if not CHOSEN then return waits and 'kept' end
    slice = chosen_slice()
    -- What cannot be claimed must not block the queue's head.
    if not slice or parked() then
      redis.call('ZREM', CHOSEN.ready, CHOSEN.name)
      slice = nil
    end
    if NUM_PARKED >= MOST_PARKED then return 'kept' end -- more the next time
  until slice
end
ARGV[2] = job_of(CHOSEN.name)
for at, key in ipairs(KEYS) do KEYS[at] = of_job(key, ARGV[2]) end
