-- Create a batch, if need be with its first upload, and answer what its Idempotency-Key will answer.
-- KEYS[MORE + 1] the tenant's batches, [MORE + 2] the idempotency record (may be unused), [MORE + 3] the places.
-- ARGV[4] record as flat JSON, [5] upload as flat JSON, or '', [6] '1' if nothing may be added later,
-- [7] idempotency token or '', [8] fingerprint, [9] how long it is kept (ms), [10] upload id.
-- Answers 'created', or 'lost' if another request holds the idempotency key by now.
if known() then return 'created' end -- a repeated command
if ARGV[7] ~= '' then
  local holder = redis.call('GET', KEYS[MORE + 2])
  if holder and (decode(holder) or {}).token ~= ARGV[7] then return 'lost' end
end
for field, value in pairs(cjson.decode(ARGV[4])) do redis.call('HSET', BATCH, field, value) end
redis.call('HSET', BATCH, 'created', NOW, 'touched', NOW, 'run', 1, 'last', 0)
redis.call('ZADD', KEYS[MORE + 1], next_place(KEYS[MORE + 3], 'batches:' .. get('tenant')), BATCH_ID)
look_at(NOW + number('result_ttl'))
if ARGV[5] ~= '' then
  for field, value in pairs(cjson.decode(ARGV[5])) do redis.call('HSET', UPLOAD, field, value) end
  redis.call('ZADD', UPLOADS, STEADY, ARGV[10])
  redis.call('HSET', BATCH, 'uploads', 1)
end
if ARGV[6] == '1' then
  close()
  finish_if_done()
end
if ARGV[7] ~= '' then
  redis.call('SET', KEYS[MORE + 2], cjson.encode({ job = BATCH_ID, fingerprint = ARGV[8] }), 'PX', ARGV[9])
end
return 'created'
