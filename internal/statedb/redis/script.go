package redis

import "github.com/redis/rueidis"

// addScript adds to a counter. KEYS: it. ARGV: what to add, the lifetime of a new counter in milliseconds or 0.
var addScript = rueidis.NewLuaScript(`
local known = redis.call('EXISTS', KEYS[1])
local sum = redis.call('INCRBY', KEYS[1], ARGV[1])
if known == 0 and ARGV[2] ~= '0' then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return sum
`)

// takeScript adds to all counters or to none. KEYS: they. ARGV: what to add, then for each counter its limit and the lifetime
// of a new one. It returns 1 or 0, then the counters.
var takeScript = rueidis.NewLuaScript(`
local n = tonumber(ARGV[1])
local answer, known = {1}, {}
for i, key in ipairs(KEYS) do
  local text = redis.call('GET', key)
  local value = 0
  if text then
    value = tonumber(text)
    if not value then return redis.error_reply('ERR value is not an integer') end
    known[i] = true
  end
  answer[i + 1] = value
  if value + n > tonumber(ARGV[2 * i]) then answer[1] = 0 end
end
if answer[1] == 0 then return answer end
for i, key in ipairs(KEYS) do
  answer[i + 1] = redis.call('INCRBY', key, ARGV[1])
  local ttl = ARGV[2 * i + 1]
  if not known[i] and ttl ~= '0' then redis.call('PEXPIRE', key, ttl) end
end
return answer
`)

// swapScript replaces a value. KEYS: its key. ARGV: the old one, the new one, its lifetime in milliseconds or 0.
var swapScript = rueidis.NewLuaScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[3] == '0' then
  redis.call('SET', KEYS[1], ARGV[2])
else
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
end
return 1
`)

// putIfScript stores values if another one has not changed. KEYS: the other one, then those to store. ARGV: what the other one is to be,
// then for each of them its value and its lifetime in milliseconds or 0.
var putIfScript = rueidis.NewLuaScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
for i = 2, #KEYS do
  local ttl = ARGV[2 * i - 1]
  if ttl == '0' then
    redis.call('SET', KEYS[i], ARGV[2 * i - 2])
  else
    redis.call('SET', KEYS[i], ARGV[2 * i - 2], 'PX', ttl)
  end
end
return 1
`)
