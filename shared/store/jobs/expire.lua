-- What of an ended job is to be erased now.
-- Answers 'input' (its bytes: erase them, then ask again), 'result' (all of it: call erase), 'forgotten' or 'nothing'.
-- ARGV[3] '1' once the input has been erased.
local due = redis.call('ZSCORE', RETENTION, JOB_ID)
if not due or tonumber(due) > NOW then return 'nothing' end -- another keeper was faster
if not get('status') then
  redis.call('ZREM', RETENTION, JOB_ID)
  return 'nothing'
end
if get('status') == 'expired' then
  relist(LISTS, 'jobs:' .. (get('tenant') or ''), JOB_ID, 'expired')
  redis.call('DEL', JOB)
  redis.call('HINCRBY', STATES, 'expired', -1)
  redis.call('ZREM', RETENTION, JOB_ID)
  redis.call('ZREM', ERASED, JOB_ID) -- were any of its bytes still there, the sweep would find them
  return 'forgotten'
end
local finished = number('finished')
if NOW >= finished + number('result_ttl') then return 'result' end
if NOW < finished + number('input_ttl') then return 'nothing' end
if ARGV[3] ~= '1' then return 'input' end
redis.call('ZADD', RETENTION, finished + number('result_ttl'), JOB_ID)
return 'nothing'
