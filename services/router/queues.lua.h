/* The scripts that alone change the live queues in Redis. Keys of shard 1, generation "7.1":
 *     paidan:1             hash: gen (the generation readers use), seq (the last event in it), received, open, supervised, at
 *     paidan:1:7.1:t       hash: ticket -> "unit:state"
 *     paidan:1:7.1:q       set: every "unit:state" that has been used
 *     paidan:1:7.1:d:U:S   sorted set: tickets of unit U in state S by due time; y: by the time they turn yellow; e: by entry
 * "#!lua" makes Redis refuse a script as a whole when memory is full, so nothing is ever half applied. */
#ifndef ROUTER_QUEUES_LUA_H
#define ROUTER_QUEUES_LUA_H

/* Rows from ARGV[i] on, seven each: ticket, unit, state, due, yellow, entered, open (1 or 0). */
#define QUEUES_LUA_ROWS                                                                                                \
    "local function rows(p, first)\n"                                                                                  \
    "  local t, q = p .. 't', p .. 'q'\n"                                                                              \
    "  for i = first, #ARGV, 7 do\n"                                                                                   \
    "    local id, queue = ARGV[i], ARGV[i + 1] .. ':' .. ARGV[i + 2]\n"                                               \
    "    local old, open = redis.call('HGET', t, id), ARGV[i + 6] == '1'\n"                                            \
    "    if old and (old ~= queue or not open) then\n"                                                                 \
    "      redis.call('ZREM', p .. 'd:' .. old, id)\n"                                                                 \
    "      redis.call('ZREM', p .. 'y:' .. old, id)\n"                                                                 \
    "      redis.call('ZREM', p .. 'e:' .. old, id)\n"                                                                 \
    "    end\n"                                                                                                        \
    "    if open then\n"                                                                                               \
    "      redis.call('ZADD', p .. 'd:' .. queue, ARGV[i + 3], id)\n"                                                  \
    "      redis.call('ZADD', p .. 'y:' .. queue, ARGV[i + 4], id)\n"                                                  \
    "      redis.call('ZADD', p .. 'e:' .. queue, ARGV[i + 5], id)\n"                                                  \
    "      if old ~= queue then\n"                                                                                     \
    "        redis.call('HSET', t, id, queue)\n"                                                                       \
    "        redis.call('SADD', q, queue)\n"                                                                           \
    "      end\n"                                                                                                      \
    "    elseif old then\n"                                                                                            \
    "      redis.call('HDEL', t, id)\n"                                                                                \
    "    end\n"                                                                                                        \
    "  end\n"                                                                                                          \
    "end\n"

/* KEYS: paidan:S. ARGV: generation, seq before, seq after, received, open, supervised, at, rows. Returns "ok", or what is
 * wrong: nothing has changed then and the queues must be rebuilt. */
#define QUEUES_LUA_APPLY                                                                                               \
    "#!lua\n" QUEUES_LUA_ROWS "local m = redis.call('HMGET', KEYS[1], 'gen', 'seq')\n"                                 \
    "if m[1] ~= ARGV[1] then return 'generation' end\n"                                                                \
    "if m[2] ~= ARGV[2] then return 'seq' end\n"                                                                       \
    "rows(KEYS[1] .. ':' .. ARGV[1] .. ':', 8)\n"                                                                      \
    "redis.call('HSET', KEYS[1], 'seq', ARGV[3], 'received', ARGV[4], 'open', ARGV[5], 'supervised', ARGV[6], 'at', "  \
    "ARGV[7])\n"                                                                                                       \
    "return 'ok'\n"

/* Rows into a generation nobody reads yet. KEYS: paidan:S. ARGV: generation, rows. */
#define QUEUES_LUA_FILL                                                                                                \
    "#!lua\n" QUEUES_LUA_ROWS "rows(KEYS[1] .. ':' .. ARGV[1] .. ':', 2)\n"                                            \
    "return 'ok'\n"

/* Makes a filled generation the one readers use and returns the one before, or "". ARGV as for apply, without rows. */
#define QUEUES_LUA_FLIP                                                                                                \
    "#!lua\n"                                                                                                          \
    "local old = redis.call('HGET', KEYS[1], 'gen')\n"                                                                 \
    "redis.call('HSET', KEYS[1], 'gen', ARGV[1], 'seq', ARGV[3], 'received', ARGV[4], 'open', ARGV[5], 'supervised', " \
    "ARGV[6], 'at', ARGV[7])\n"                                                                                        \
    "return old or ''\n"

/* Removes a generation. KEYS: paidan:S. ARGV: generation. */
#define QUEUES_LUA_DROP                                                                                                \
    "#!lua\n"                                                                                                          \
    "local p = KEYS[1] .. ':' .. ARGV[1] .. ':'\n"                                                                     \
    "for _, queue in ipairs(redis.call('SMEMBERS', p .. 'q')) do\n"                                                    \
    "  redis.call('UNLINK', p .. 'd:' .. queue, p .. 'y:' .. queue, p .. 'e:' .. queue)\n"                             \
    "end\n"                                                                                                            \
    "redis.call('UNLINK', p .. 't', p .. 'q')\n"                                                                       \
    "return 'ok'\n"

/* What the marker says. Returns generation and seq, "" when absent, and whether the generation's index is there. */
#define QUEUES_LUA_MARKER                                                                                              \
    "#!lua flags=no-writes\n"                                                                                          \
    "local m = redis.call('HMGET', KEYS[1], 'gen', 'seq')\n"                                                           \
    "local there = 0\n"                                                                                                \
    "if m[1] then there = redis.call('HLEN', KEYS[1] .. ':' .. m[1] .. ':t') end\n"                                    \
    "return {m[1] or '', m[2] or '', there}\n"

#endif
