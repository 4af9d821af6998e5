-- Do what is due of a batch. ARGV[4...] names of all counts.
-- Answers 'bulk' (there is one to go on with), 'expire' (its time is over: erase it), 'finished',
-- 'forgotten' or 'waiting'.
if not known() then
  redis.call('ZREM', DUE, BATCH_ID)
  return 'forgotten'
end
local function at_last(ms)
  if NOW >= ms then return true end
  look_at(ms)
  return false
end
if get('bulk') then return 'bulk' end
if get('gone') then
  if not at_last(get('gone') + number('tombstone_ttl')) then return 'waiting' end
  for index = 4, #ARGV do redis.call('HDEL', COUNTS, BATCH_ID .. '/' .. ARGV[index]) end
  redis.call('DEL', BATCH, NAMES)
  forget_jobs()
  redis.call('ZREM', DUE, BATCH_ID)
  return 'forgotten'
end
if get('finished') then
  return at_last(get('finished') + number('result_ttl')) and 'expire' or 'waiting'
end
if not get('closed') then
  -- Nobody adds to it any more, and nobody closed it.
  if not at_last(get('touched') + number('result_ttl')) then return 'waiting' end
  close()
end
if finish_if_done() then return 'finished' end
look_at(NOW + LOOK_MS)
return 'waiting'
