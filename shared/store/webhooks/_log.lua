-- The lists in which a delivery stands: its tenant's, its webhook's, and that of what it tells about.
-- It is put behind `_lists.lua`. A list lives as long as what is in it.
local STATUSES = { 'pending', 'succeeded', 'failed' }

local function owners_of(record)
  local tenant, webhook, subject = unpack(redis.call('HMGET', record, 'tenant', 'webhook', 'subject'))
  local owners = { 'deliveries:' .. (tenant or '') }
  if subject then owners[2] = 'about:' .. string.match(subject, '^[^.]*') end
  if webhook and webhook ~= '' then owners[3] = 'webhook:' .. webhook end
  return owners
end

local function keep(list, record)
  local ttl = redis.call('PTTL', record)
  if redis.call('PTTL', list) < ttl then redis.call('PEXPIRE', list, ttl) end
end

-- Move a delivery in its lists; with a place, to that one.
local function relog(lists, record, id, from, to, place)
  for _, owner in ipairs(owners_of(record)) do
    relist(lists, owner, id, from, not place and to)
    if place then redis.call('ZADD', part(lists, owner, to), place, id) end
    if to then keep(part(lists, owner, to), record) end
  end
end

-- Drop from these lists what is older than that.
local function trim(lists, record, before)
  for _, owner in ipairs(owners_of(record)) do
    for _, status in ipairs(STATUSES) do
      redis.call('ZREMRANGEBYSCORE', part(lists, owner, status), '-inf', before)
    end
  end
end
