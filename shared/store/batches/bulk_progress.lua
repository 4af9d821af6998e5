-- Note how far a bulk operation has come. ARGV[4] which bulk operation, [5] from which place, [6] to which, or '' at its end.
-- Answers 1, or 0 if somebody else was faster.
if get('bulk') ~= ARGV[4] or get('bulk_at') ~= ARGV[5] then return 0 end
if ARGV[6] ~= '' then
  redis.call('HSET', BATCH, 'bulk_at', ARGV[6])
  look_at(NOW) -- behind the others that are due
  return 1
end
redis.call('HDEL', BATCH, 'bulk', 'bulk_at')
if get('gone') then
  redis.call('DEL', NAMES)
  forget_jobs()
  look_at(get('gone') + number('tombstone_ttl'))
elseif not finish_if_done() then
  look_at(NOW + LOOK_MS)
end
return 1
