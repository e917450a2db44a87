-- Takes tokens from a bucket, as order_core::ports::Bucket does.
--
-- KEYS[1] the bucket: "units:at", at in ms
-- ARGV[1] tokens wanted  ARGV[2] units of a token  ARGV[3] units that come with a millisecond
-- ARGV[4] units of a full bucket  ARGV[5] the time in ms, for tests; else this server's is taken
--
-- Answers {taken or not, units that are left}.
local now = tonumber(ARGV[5])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local token, gain, full = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local units, at = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+):(%d+)$')
units, at = tonumber(units or full), tonumber(at or now)
units = math.min(full, units + math.max(0, now - at) * gain)
local wanted = ARGV[1] * token
local taken = wanted <= units
if taken then
  units = units - wanted
end
-- A refusal changes nothing that the next call would not find by itself, unless the clock has stepped
-- back. A full bucket is like that of somebody who never called.
if units == full then
  redis.call('DEL', KEYS[1])
elseif (taken and wanted > 0) or now < at then
  local lives = math.ceil((full - units) / gain) + 1000
  redis.call('SET', KEYS[1], string.format('%.0f:%.0f', units, now), 'PX', string.format('%.0f', lives))
end
return {taken and 1 or 0, units}
