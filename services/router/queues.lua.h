/* The scripts that alone change the live queues in Redis. Keys of shard 1, generation "7.1":
 *     paidan:1             hash: gen (the generation readers use), seq (the last event in it), received, open, supervised, at
 *     paidan:1:g           set: generations begun and not removed yet
 *     paidan:1:7.1:q       set: every "unit:state" that has been used
 *     paidan:1:7.1:c       sorted set: those changed since the generation was filled, by the last event of the batch that did
 *     paidan:1:7.1:d:U:S   sorted set: tickets of unit U in state S by due time; y: by the time they turn yellow; e: by entry
 * "#!lua" makes Redis refuse a script as a whole when memory is full, so nothing is ever half applied. */
#ifndef ROUTER_QUEUES_LUA_H
#define ROUTER_QUEUES_LUA_H

/* Sections from ARGV[i] on (queue_rows.h), each of one queue: "-", unit:state, n, n tickets that leave it; or "+", unit:state, n, n pairs
 * of due time and ticket, n of yellow time and ticket, n of entry and ticket. The router knows where a ticket was, so nothing is looked
 * up, and each section is three calls. */
#define QUEUES_LUA_ROWS                                                                                                \
    "local sets = {'d:', 'y:', 'e:'}\n"                                                                                \
    "local function rows(p, i, seq)\n"                                                                                 \
    "  while i <= #ARGV do\n"                                                                                          \
    "    local sign, queue, n = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])\n"                                         \
    "    i = i + 3\n"                                                                                                  \
    "    if sign == '-' then\n"                                                                                        \
    "      for _, set in ipairs(sets) do redis.call('ZREM', p .. set .. queue, unpack(ARGV, i, i + n - 1)) end\n"      \
    "      i = i + n\n"                                                                                                \
    "    else\n"                                                                                                       \
    "      for _, set in ipairs(sets) do\n"                                                                            \
    "        redis.call('ZADD', p .. set .. queue, unpack(ARGV, i, i + 2 * n - 1))\n"                                  \
    "        i = i + 2 * n\n"                                                                                          \
    "      end\n"                                                                                                      \
    "      redis.call('SADD', p .. 'q', queue)\n"                                                                      \
    "    end\n"                                                                                                        \
    "    if seq then redis.call('ZADD', p .. 'c', seq, queue) end\n"                                                   \
    "  end\n"                                                                                                          \
    "end\n"

/* KEYS: paidan:S. ARGV: generation, seq before, seq after, received, open, supervised, at, sections. Returns "ok", or what is
 * wrong: nothing has changed then and the queues must be rebuilt. */
#define QUEUES_LUA_APPLY                                                                                               \
    "#!lua\n" QUEUES_LUA_ROWS "local m = redis.call('HMGET', KEYS[1], 'gen', 'seq')\n"                                 \
    "if m[1] ~= ARGV[1] then return 'generation' end\n"                                                                \
    "if m[2] ~= ARGV[2] then return 'seq' end\n"                                                                       \
    "rows(KEYS[1] .. ':' .. ARGV[1] .. ':', 8, ARGV[3])\n"                                                             \
    "redis.call('HSET', KEYS[1], 'seq', ARGV[3], 'received', ARGV[4], 'open', ARGV[5], 'supervised', ARGV[6], 'at', "  \
    "ARGV[7])\n"                                                                                                       \
    "return 'ok'\n"

/* Sections into a generation nobody reads yet. KEYS: paidan:S. ARGV: generation, sections. */
#define QUEUES_LUA_FILL                                                                                                \
    "#!lua\n" QUEUES_LUA_ROWS "redis.call('SADD', KEYS[1] .. ':g', ARGV[1])\n"                                         \
    "rows(KEYS[1] .. ':' .. ARGV[1] .. ':', 2)\n"                                                                      \
    "return 'ok'\n"

/* Makes a filled generation the one readers use and returns all that were begun. ARGV as for apply, without sections. */
#define QUEUES_LUA_FLIP                                                                                                \
    "#!lua\n"                                                                                                          \
    "redis.call('HSET', KEYS[1], 'gen', ARGV[1], 'seq', ARGV[3], 'received', ARGV[4], 'open', ARGV[5], 'supervised', " \
    "ARGV[6], 'at', ARGV[7])\n"                                                                                        \
    "redis.call('SADD', KEYS[1] .. ':g', ARGV[1])\n"                                                                   \
    "return redis.call('SMEMBERS', KEYS[1] .. ':g')\n"

/* Removes a generation. KEYS: paidan:S. ARGV: generation. */
#define QUEUES_LUA_DROP                                                                                                \
    "#!lua\n"                                                                                                          \
    "local p = KEYS[1] .. ':' .. ARGV[1] .. ':'\n"                                                                     \
    "for _, queue in ipairs(redis.call('SMEMBERS', p .. 'q')) do\n"                                                    \
    "  redis.call('UNLINK', p .. 'd:' .. queue, p .. 'y:' .. queue, p .. 'e:' .. queue)\n"                             \
    "end\n"                                                                                                            \
    "redis.call('UNLINK', p .. 'q', p .. 'c')\n"                                                                       \
    "redis.call('SREM', KEYS[1] .. ':g', ARGV[1])\n"                                                                   \
    "return 'ok'\n"

/* What the marker says. Returns generation and seq, "" when absent, how many tickets are in the queues (-1: the sets of one queue are not
 * alike), and all generations that were begun. */
#define QUEUES_LUA_MARKER                                                                                              \
    "#!lua flags=no-writes\n"                                                                                          \
    "local m = redis.call('HMGET', KEYS[1], 'gen', 'seq')\n"                                                           \
    "local there, p = 0, KEYS[1] .. ':' .. (m[1] or '') .. ':'\n"                                                      \
    "for _, queue in ipairs(redis.call('SMEMBERS', p .. 'q')) do\n"                                                    \
    "  local n = redis.call('ZCARD', p .. 'd:' .. queue)\n"                                                            \
    "  if redis.call('ZCARD', p .. 'y:' .. queue) ~= n or redis.call('ZCARD', p .. 'e:' .. queue) ~= n then there = "  \
    "-1 break end\n"                                                                                                   \
    "  there = there + n\n"                                                                                            \
    "end\n"                                                                                                            \
    "return {m[1] or '', m[2] or '', there, redis.call('SMEMBERS', KEYS[1] .. ':g')}\n"

#endif
