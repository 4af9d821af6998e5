-- The document is open: note its pages and cut them into slices; the first stays with this attempt.
-- ARGV[3] slice, [4] attempt, [5] pages of the document, [6] JSON list of pages to read, [7] pages of a slice,
-- [8] [9] as in claim.
-- Answers the number of new slices, or nothing if the attempt is stale.
local slice = held(ARGV[3], ARGV[4])
if not slice then return false end
if slice.p then return 0 end -- a repeated command
local wanted, size = cjson.decode(ARGV[6]), tonumber(ARGV[7])
redis.call('HSET', JOB, 'num_pages', ARGV[5], 'total', #wanted)
count_backlog(#wanted - 1)
set_deadline(ARGV[8], ARGV[9], #wanted)
local created = 0
for first = 1, #wanted, size do
  local pages = {}
  for at = first, math.min(first + size - 1, #wanted) do pages[#pages + 1] = wanted[at] end
  if first == 1 then
    slice.p = pages
    save_slice(ARGV[3], slice)
  else
    local index = redis.call('HINCRBY', JOB, 'next', 1) - 1
    make_ready(tostring(index), { p = pages, a = 0, d = 0 })
    created = created + 1
  end
end
return created
