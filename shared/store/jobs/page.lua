-- Record what became of a page. ARGV[3] slice, [4] attempt, [5] page, [6] JSON: b, c, d as in keys.py,
-- [7] JSON of timings in ms, [8] JSON of the model or '', [9] the job whose reading it is, or '',
-- [10] its print, or ''. [11] how long (s) KEYS[MORE + 1] tells that this job has read its document, or ''.
-- Answers 'recorded', 'canceled' (recorded, go no further), 'finished' (recorded, and it was the
-- slice's last one: the slice is done), 'repeated' (it was recorded before) or 'lost'.
local slice = held(ARGV[3], ARGV[4])
local page, known = cjson.decode(ARGV[6]), redis.call('HGET', PAGES, ARGV[5])
if known and page.b and (decode(known) or {}).b == page.b then
  -- The same command once more, after a lost answer: its blob is the one that counts.
  return slice and 'recorded' or 'finished'
end
if not slice then return 'lost' end
if known then return 'repeated' end
record_page(ARGV[5], page)
if ARGV[10] ~= '' then redis.call('APPEND', PRINTS, ARGV[10]) end
for name, ms in pairs(cjson.decode(ARGV[7])) do redis.call('HINCRBY', JOB, name, ms) end
if ARGV[8] ~= '' then redis.call('HSET', JOB, 'model', ARGV[8]) end
if ARGV[9] ~= '' then redis.call('HSET', JOB, 'reused_from', ARGV[9]) end
-- The page rate under load: time since the page before, or since this attempt began after a pause.
local rate = redis.call('HMGET', RATE, 'last', 'gap', 'steady')
local gap = math.max(0, NOW - math.max(tonumber(rate[1] or 0), slice.t))
if rate[3] then gap = math.min(gap, STEADY - rate[3]) end -- where the clock was set in between
if rate[2] then gap = 0.8 * rate[2] + 0.2 * gap end
redis.call('HSET', RATE, 'last', NOW, 'gap', gap, 'steady', STEADY)
local batch = get('batch')
if batch then
  -- The same for the batch: the mean of its first pages, then of about the last fifty.
  local known = redis.call('HMGET', BATCHES, batch .. '/last', batch .. '/gap', batch .. '/done')
  local part = math.max(0.02, 1 / known[3])
  local own = math.max(0, NOW - math.max(tonumber(known[1] or 0), slice.t))
  if known[2] then own = (1 - part) * known[2] + part * own end
  redis.call('HSET', BATCHES, batch .. '/last', NOW, batch .. '/gap', own)
end
for _, other in ipairs(slice.p) do
  if redis.call('HEXISTS', PAGES, other) == 0 then return get('cancel') and 'canceled' or 'recorded' end
end
if ARGV[11] ~= '' then redis.call('SET', KEYS[MORE + 1], JOB_ID, 'EX', ARGV[11]) end
drop_slice(ARGV[3], 'finished')
finish_if_done()
return 'finished'
