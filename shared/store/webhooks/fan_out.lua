-- Turn an event into deliveries, once. KEYS[1] outbox, [2] event, [3] the lists' stem, [4] the places, then
-- for each delivery those of `_errand.lua` and its record. ARGV[2] subject, [3] '1' if the body was made without
-- the job because that is erased, [4] body, [5] body with text or '', [6] how long all is kept (ms),
-- [7] ms until the first attempt, [8] JSON list of the deliveries' fields, [9] '1' if it waits in the outbox.
-- Answers 'fanned_out', 'done' (by somebody else) or 'again' (the job was erased meanwhile).
local OUTBOX, EVENT, LISTS, PLACES = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
if ARGV[9] == '1' and not redis.call('ZSCORE', OUTBOX, ARGV[2]) then return 'done' end
if (redis.call('HGET', EVENT, 'erased') or '') ~= ARGV[3] then return 'again' end
local deliveries = cjson.decode(ARGV[8])
for index, fields in ipairs(deliveries) do
  local flows, hosts, queue, record = unpack(KEYS, 4 * index + 1, 4 * index + 4)
  for name, value in pairs(fields) do redis.call('HSET', record, name, value) end
  redis.call('HSET', record, 'status', 'pending', 'created', NOW, 'next', NOW + ARGV[7], 'tries', 0)
  redis.call('PEXPIRE', record, ARGV[6])
  redis.call('ZADD', queue, STEADY + ARGV[7], fields.id)
  relog(LISTS, record, fields.id, 'pending', 'pending', next_place(PLACES, 'deliveries:' .. fields.tenant))
  trim(LISTS, record, NOW - ARGV[6])
  reckon(flows, hosts, queue, fields.tenant, fields.host)
end
redis.call('ZREM', OUTBOX, ARGV[2])
if #deliveries == 0 then
  redis.call('DEL', EVENT)
else
  redis.call('HSET', EVENT, 'body', ARGV[4], 'pending', #deliveries, 'kept', #deliveries)
  if ARGV[5] ~= '' then redis.call('HSET', EVENT, 'text_body', ARGV[5]) end
  redis.call('PEXPIRE', EVENT, ARGV[6])
end
return 'fanned_out'
