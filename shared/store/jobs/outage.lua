-- Note that the store answers a keeper. KEYS[1] canary. ARGV[2] lease (ms).
-- Answers 1, or 0 while leases that ran out are not to be believed: it was away for so long that no
-- worker could renew them, and not for a lease's time since has it been back.
local known = redis.call('HMGET', KEYS[1], 'answered', 'patient')
local lease, patient = tonumber(ARGV[2]), tonumber(known[2] or 0)
local silent = NOW - (known[1] or NOW)
-- Granted only now and then, or keepers whose rounds are slow would never recover anything.
if silent > lease / 2 and NOW > patient + lease then
  patient = NOW + lease
  redis.call('HSET', KEYS[1], 'patient', patient)
end
redis.call('HSET', KEYS[1], 'answered', NOW)
return NOW >= patient and 1 or 0
