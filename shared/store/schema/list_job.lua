-- Put a job of schema 2 into the lists of its tenant and batch. KEYS[MORE + 1] the list in which it stood,
-- [MORE + 2] the places. ARGV[3] its place. What was done before is not done again.
if redis.call('ZREM', KEYS[MORE + 1], JOB_ID) == 0 then return end
local status, tenant, batch, position, finished = unpack(
  redis.call('HMGET', JOB, 'status', 'tenant', 'batch', 'position', 'finished'))
if not status then return end
local owner = 'jobs:' .. tenant
redis.call('ZADD', part(LISTS, owner, status), ARGV[3], JOB_ID)
note_place(KEYS[MORE + 2], owner, tonumber(ARGV[3]))
if finished and status ~= 'expired' then redis.call('ZADD', part(LISTS, owner, 'finished'), finished, JOB_ID) end
if batch then redis.call('ZADD', part(LISTS, 'batch:' .. batch, status), position, JOB_ID) end
