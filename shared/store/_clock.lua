-- The time. ARGV[1]: now (ms; empty: the server's clock, which all processes share); the last of KEYS:
-- the steady clock. `NOW` is what is shown, and by which things are kept. `STEADY` is what is waited by:
-- leases, deadlines, everything that is due. It goes on as the keepers' rounds do (tick.lua): a clock
-- that is set, and a store that was away, move it by a moment alone, and never back.
local function now_ms()
  if ARGV[1] ~= '' then return tonumber(ARGV[1]) end
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local NOW = now_ms()
local CLOCK = table.remove(KEYS)
local function steady_ms()
  local known = redis.pcall('HMGET', CLOCK, 'steady', 'wall', 'step')
  local steady, wall, step = tonumber(known[1]), tonumber(known[2]), tonumber(known[3])
  if not (steady and wall and step) then return NOW end
  return steady + math.max(0, math.min(NOW - wall, step))
end
local STEADY = steady_ms()

-- The table that a record's JSON says; nothing where it is damaged.
local function decode(text)
  local is_json, value = pcall(cjson.decode, text or '')
  return is_json and type(value) == 'table' and value or nil
end

-- The slice that a record's text says; nothing where there is none or it is damaged: its job's time
-- runs out then.
local function slice_in(text)
  local slice = type(text) == 'string' and decode(text)
  if slice and slice.s and tonumber(slice.a) and tonumber(slice.d) then return slice end
end

-- What stands behind a job's need in that of its slice: one that ended a worker before is read in a
-- process apart (needs.py), so that it never stands in front of others.
local function suspicion(slice) return tonumber(slice.d) > 0 and '!' or '' end
