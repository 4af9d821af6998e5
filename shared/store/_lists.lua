-- Lists in parts, one for each status (lists.py), so that what is rare is found at once. It is put in
-- front of the scripts that change what stands in them. `lists` is the stem of their names.
local function part(lists, owner, status) return lists .. owner .. ':' .. status end

local function last_place(places, owner) return tonumber(redis.call('HGET', places, owner) or 0) end
local function note_place(places, owner, place)
  redis.call('HSET', places, owner, math.max(place, last_place(places, owner)))
end

-- A place behind all that were given before: by the time, but no two have the same.
local function next_place(places, owner)
  local place = math.max(NOW, last_place(places, owner) + 1)
  note_place(places, owner, place)
  return place
end

-- Move something in the list of an owner to its new status, or out of the list.
local function relist(lists, owner, id, from, to)
  local place = redis.call('ZSCORE', part(lists, owner, from), id)
  redis.call('ZREM', part(lists, owner, from), id)
  if place and to then redis.call('ZADD', part(lists, owner, to), place, id) end
end
