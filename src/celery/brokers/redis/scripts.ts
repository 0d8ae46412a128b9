import { Script } from "../../redis/script.ts";

/**
 * The key schema that all scripts share, Celery's own but for lease and sent:
 *   unacked        hash  tag -> [envelope, exchange, routing key]    what consumers hold
 *   unacked_index  zset  tag, scored by the time it was taken        read by Python's visibility timeout
 *   unacked_lease  zset  tag, scored by the time its lease ends      only for what this package's consumers hold
 *   unacked_sent.S  hash  slot -> number of the batch that the sender S sent last
 *   QUEUE, QUEUE\x06\x163 ...  lists, one per priority step
 */

/**
 * Sends messages, once: a client whose connection broke cannot know whether its last commands were carried out and
 * repeats them. The latest numbers of a sender are kept in a ring, for as long as it may come back.
 * KEYS sent (hash), list   ARGV slot of the ring, number, envelope ...
 */
export const PUSH: Script = new Script(`
if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then return end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], 600)
redis.call('LPUSH', KEYS[2], unpack(ARGV, 3))
`);

/**
 * Takes up to `max` messages and records them as held, in one step: a consumer killed at any moment loses none. Asked
 * again with the same last number, because the answer was lost with the connection, it leaves what it took before under
 * its own tags; that comes back when its lease ends.
 * KEYS unacked, index, lease, list ...   ARGV now, lease end, tag prefix, last number, max, JSON of routing key ...
 * Returns list number, envelope, tag, for each.
 */
export const TAKE: Script = new Script(`
local taken, number, room = {}, tonumber(ARGV[4]), tonumber(ARGV[5])
while redis.call('HEXISTS', KEYS[1], ARGV[3] .. number + 1) == 1 do number = number + 1 end
for i = 4, #KEYS do
  while room > 0 do
    local envelope = redis.call('RPOP', KEYS[i])
    if not envelope then break end
    number = number + 1
    room = room - 1
    local tag = ARGV[3] .. number
    redis.call('HSET', KEYS[1], tag, '[' .. envelope .. ', "", ' .. ARGV[i + 2] .. ']')
    redis.call('ZADD', KEYS[2], ARGV[1], tag)
    redis.call('ZADD', KEYS[3], ARGV[2], tag)
    taken[#taken + 1] = i - 4
    taken[#taken + 1] = envelope
    taken[#taken + 1] = tag
  end
end
return taken
`);

/** Lets go of held messages for good. KEYS unacked, index, lease   ARGV tag ... */
export const RELEASE: Script = new Script(`
redis.call('HDEL', KEYS[1], unpack(ARGV))
redis.call('ZREM', KEYS[2], unpack(ARGV))
redis.call('ZREM', KEYS[3], unpack(ARGV))
`);

/**
 * Puts a held message back into a list, if nobody else did so meanwhile.
 * KEYS unacked, index, lease, list   ARGV tag, envelope, "LPUSH" (taken last) or "RPUSH" (taken next)
 */
export const PUT_BACK: Script = new Script(`
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
if redis.call('HDEL', KEYS[1], ARGV[1]) == 1 then
  redis.call(ARGV[3], KEYS[4], ARGV[2])
  return 1
end
return 0
`);

/** Renews what this consumer holds. KEYS index, lease   ARGV now, lease end, tag ... */
export const RENEW: Script = new Script(`
for i = 3, #ARGV do
  redis.call('ZADD', KEYS[1], 'XX', ARGV[1], ARGV[i])
  redis.call('ZADD', KEYS[2], 'XX', ARGV[2], ARGV[i])
end
`);

/**
 * The same for who cannot say what a consumer holds, but how its tags begin. It reads all leases there are, which is no
 * way to renew as a rule. KEYS index, lease   ARGV now, lease end, tag prefix
 */
export const RENEW_ALL: Script = new Script(`
for _, tag in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  if string.sub(tag, 1, #ARGV[3]) == ARGV[3] then
    redis.call('ZADD', KEYS[1], 'XX', ARGV[1], tag)
    redis.call('ZADD', KEYS[2], 'XX', ARGV[2], tag)
  end
end
`);

/**
 * Finds what nobody holds any more: leases that ended, and messages without a lease (Python's) that are older than the
 * visibility timeout. The finder gets a short lease of its own, so that only one puts each back. A server that was just
 * started waits a lease, so that those who held on to it can come back and renew.
 * KEYS unacked, index, lease   ARGV now, finder's lease end, oldest allowed, lease   Returns tag, held text, for each.
 */
export const CLAIM_LOST: Script = new Script(`
local lost = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', ARGV[1], 'LIMIT', 0, 100)
for _, tag in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[3], 'LIMIT', 0, 100)) do
  if not redis.call('ZSCORE', KEYS[3], tag) then lost[#lost + 1] = tag end
end
if #lost == 0 then return lost end
local uptime = string.match(redis.call('INFO', 'server'), 'uptime_in_seconds:(%d+)')
if tonumber(uptime) < tonumber(ARGV[4]) then return {} end
local found = {}
for _, tag in ipairs(lost) do
  local held = redis.call('HGET', KEYS[1], tag)
  if held then
    redis.call('ZADD', KEYS[3], ARGV[2], tag)
    found[#found + 1] = tag
    found[#found + 1] = held
  else
    redis.call('ZREM', KEYS[2], tag)
    redis.call('ZREM', KEYS[3], tag)
  end
end
return found
`);
