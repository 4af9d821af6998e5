-- Take a slice back whose lease ran out: its worker died or hangs.
-- ARGV[3] slice, [4] crashes after which a slice is split or its page given up.
-- Answers 'fresh' (the lease was renewed meanwhile), 'ready', 'split', 'poison', 'canceled' or 'gone'.
local index, max_deaths = ARGV[3], tonumber(ARGV[4])
local until_ms = redis.call('ZSCORE', LEASES, member(index))
if until_ms and tonumber(until_ms) > STEADY then return 'fresh' end
redis.call('ZREM', LEASES, member(index))
local slice = load_slice(index)
if not slice or slice.s ~= 'l' then return 'gone' end
if get('cancel') then
  drop_slice(index, 'lost')
  finish_if_done()
  return 'canceled'
end
slice.d = slice.d + 1
if slice.d < max_deaths then
  end_attempt(index, slice, 'lost')
  make_ready(index, slice, slice.d)
  return 'ready'
end
if not slice.p then
  drop_slice(index, 'lost')
  finish_job('failed', 'poison_page', 'The document ended its worker each time that it was opened.')
  return 'poison'
end
local left = {}
for _, page in ipairs(slice.p) do
  if redis.call('HEXISTS', PAGES, page) == 0 then left[#left + 1] = page end
end
if #left > 1 then
  drop_slice(index, 'lost')
  for _, page in ipairs(left) do
    local single = redis.call('HINCRBY', JOB, 'next', 1) - 1
    -- Each page has two more tries: one page killed the slice, the others are innocent.
    make_ready(tostring(single), { p = { page }, a = 0, d = math.max(1, max_deaths - 2) }, #left)
  end
  return 'split'
end
if left[1] then
  record_page(tostring(left[1]), {
    c = 'poison_page', d = 'The page ended its worker each time that it was tried.',
  })
end
drop_slice(index, 'lost')
finish_if_done()
return 'poison'
