-- Which slice is next: interactive work first, but a tenth of the pages for bulk work that waits.
-- KEYS[1] ready interactive, KEYS[2] ready bulk, KEYS[3] lanes. Answers `<job>/<slice>` or nothing.
local interactive = redis.call('ZRANGE', KEYS[1], 0, 0)[1]
local bulk = redis.call('ZRANGE', KEYS[2], 0, 0)[1]
if not (interactive and bulk) then return interactive or bulk end
local served = redis.call('HMGET', KEYS[3], 'served:interactive', 'served:bulk')
if tonumber(served[2] or 0) * 9 < tonumber(served[1] or 0) then return bulk end
return interactive
