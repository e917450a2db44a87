-- Keeps an order, never an older version than is kept, and tells what it did.
--
-- KEYS[1] the entry: 24 bytes of head (version, as_of in ms, era; 8 bytes each, big-endian), the order
-- KEYS[2] the mark of this server's clock: "era:last", last in ms
-- ARGV[1] version  ARGV[2] as_of in ms of this server's clock, 0: not known
-- ARGV[3] how long the entry lives, in ms  ARGV[4] 1: only if the entry exists  ARGV[5] the order
--
-- An age counts only within one era. A clock that has stepped back begins a new one, and so does a
-- mark that was lost: entries of another era have no age until they are put again.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local version, as_of = tonumber(ARGV[1]), tonumber(ARGV[2])
local mark = redis.call('GET', KEYS[2])
local era, last = string.match(mark or '', '^(%d+):(%d+)$')
era, last = tonumber(era), tonumber(last)
if not era or now < last then
  era = math.max(time[1] * 1000000 + time[2], (era or 0) + 1)
end
if now ~= last then
  redis.call('SET', KEYS[2], string.format('%.0f:%.0f', era, now))
end
local head = redis.call('GETRANGE', KEYS[1], 0, 23)
local known = string.len(head) == 24
if not known and ARGV[4] == '1' then
  return 'absent'
end
-- A time that has not come was measured before the clock stepped back.
if as_of > now then
  return 'future'
end
if known then
  local kept_version, kept_as_of, kept_era = struct.unpack('>I8I8I8', head)
  if kept_version > version then
    return 'older'
  end
  if kept_era == era then
    as_of = math.max(as_of, kept_as_of)
    if kept_version == version then
      redis.call('SETRANGE', KEYS[1], 8, struct.pack('>I8', as_of))
      redis.call('PEXPIRE', KEYS[1], ARGV[3])
      return 'renewed'
    end
  end
end
redis.call('SET', KEYS[1], struct.pack('>I8I8I8', version, as_of, era) .. ARGV[5], 'PX', ARGV[3])
return 'stored'
