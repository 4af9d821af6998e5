-- Give the fields of a batch of Docchu 0.1 their names of today. KEYS[1] the batch.
for old, new in pairs({ parcels = 'uploads', walk = 'bulk', walked = 'bulk_at' }) do
  local value = redis.call('HGET', KEYS[1], old)
  if value then
    redis.call('HSETNX', KEYS[1], new, value)
    redis.call('HDEL', KEYS[1], old)
  end
end
