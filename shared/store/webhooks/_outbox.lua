-- The turn of the event that is fanned out next; nothing if none waits. One that was set aside after a
-- fault has none: its score lies far behind all others.
local function next_turn(outbox)
  local first = redis.call('ZRANGE', outbox, 0, 0, 'WITHSCORES')[2]
  return first and tonumber(first) < 1e13 and tonumber(first) or nil
end
