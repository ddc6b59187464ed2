/* The scripts that alone change the live queues in Redis. Keys of shard 1, generation "7.1":
 *     paidan:1             hash: gen (the generation readers use), seq (the last event in it), received, open, supervised, at
 *     paidan:1:g           set: generations begun and not removed yet
 *     paidan:1:7.1:t       hash: ticket -> "unit:state"
 *     paidan:1:7.1:q       set: every "unit:state" that has been used
 *     paidan:1:7.1:d:U:S   sorted set: tickets of unit U in state S by due time; y: by the time they turn yellow; e: by entry
 * "#!lua" makes Redis refuse a script as a whole when memory is full, so nothing is ever half applied. */
#ifndef ROUTER_QUEUES_LUA_H
#define ROUTER_QUEUES_LUA_H

/* Rows from ARGV[i] on, seven each: ticket, unit, state, due, yellow, entered, open (1 or 0); a ticket once. Grouped by queue, so that
 * a batch costs a few calls a queue and not several a row; a call takes a thousand words at most. */
#define QUEUES_LUA_ROWS                                                                                                \
    "local function each(command, key, list)\n"                                                                        \
    "  for i = 1, #list, 1000 do redis.call(command, key, unpack(list, i, math.min(i + 999, #list))) end\n"            \
    "end\n"                                                                                                            \
    "local function list_of(lists, key)\n"                                                                             \
    "  local list = lists[key]\n"                                                                                      \
    "  if not list then list = {} lists[key] = list end\n"                                                             \
    "  return list\n"                                                                                                  \
    "end\n"                                                                                                            \
    "local function rows(p, first)\n"                                                                                  \
    "  local ids, old = {}, {}\n"                                                                                      \
    "  for i = first, #ARGV, 7 do ids[#ids + 1] = ARGV[i] end\n"                                                       \
    "  for i = 1, #ids, 1000 do\n"                                                                                     \
    "    for _, queue in ipairs(redis.call('HMGET', p .. 't', unpack(ids, i, math.min(i + 999, #ids)))) do old[#old "  \
    "+ 1] = queue end\n"                                                                                               \
    "  end\n"                                                                                                          \
    "  local left, d, y, e, set, gone, queues = {}, {}, {}, {}, {}, {}, {}\n"                                          \
    "  for n, id in ipairs(ids) do\n"                                                                                  \
    "    local i = first + (n - 1) * 7\n"                                                                              \
    "    local queue, was, open = ARGV[i + 1] .. ':' .. ARGV[i + 2], old[n], ARGV[i + 6] == '1'\n"                     \
    "    if was and (was ~= queue or not open) then table.insert(list_of(left, was), id) end\n"                        \
    "    if open then\n"                                                                                               \
    "      local due, yellow, entered = list_of(d, queue), list_of(y, queue), list_of(e, queue)\n"                     \
    "      local at = #due\n"                                                                                          \
    "      due[at + 1], due[at + 2] = ARGV[i + 3], id\n"                                                               \
    "      yellow[at + 1], yellow[at + 2] = ARGV[i + 4], id\n"                                                         \
    "      entered[at + 1], entered[at + 2] = ARGV[i + 5], id\n"                                                       \
    "      if was ~= queue then set[#set + 1], set[#set + 2] = id, queue end\n"                                        \
    "    elseif was then\n"                                                                                            \
    "      gone[#gone + 1] = id\n"                                                                                     \
    "    end\n"                                                                                                        \
    "  end\n"                                                                                                          \
    "  for queue, list in pairs(left) do\n"                                                                            \
    "    each('ZREM', p .. 'd:' .. queue, list)\n"                                                                     \
    "    each('ZREM', p .. 'y:' .. queue, list)\n"                                                                     \
    "    each('ZREM', p .. 'e:' .. queue, list)\n"                                                                     \
    "  end\n"                                                                                                          \
    "  for queue, list in pairs(d) do\n"                                                                               \
    "    each('ZADD', p .. 'd:' .. queue, list)\n"                                                                     \
    "    each('ZADD', p .. 'y:' .. queue, y[queue])\n"                                                                 \
    "    each('ZADD', p .. 'e:' .. queue, e[queue])\n"                                                                 \
    "    queues[#queues + 1] = queue\n"                                                                                \
    "  end\n"                                                                                                          \
    "  each('HSET', p .. 't', set)\n"                                                                                  \
    "  each('HDEL', p .. 't', gone)\n"                                                                                 \
    "  each('SADD', p .. 'q', queues)\n"                                                                               \
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
    "#!lua\n" QUEUES_LUA_ROWS "redis.call('SADD', KEYS[1] .. ':g', ARGV[1])\n"                                         \
    "rows(KEYS[1] .. ':' .. ARGV[1] .. ':', 2)\n"                                                                      \
    "return 'ok'\n"

/* Makes a filled generation the one readers use and returns all that were begun. ARGV as for apply, without rows. */
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
    "redis.call('UNLINK', p .. 't', p .. 'q')\n"                                                                       \
    "redis.call('SREM', KEYS[1] .. ':g', ARGV[1])\n"                                                                   \
    "return 'ok'\n"

/* What the marker says. Returns generation and seq, "" when absent, the size of the generation's index, and all generations
 * that were begun. */
#define QUEUES_LUA_MARKER                                                                                              \
    "#!lua flags=no-writes\n"                                                                                          \
    "local m = redis.call('HMGET', KEYS[1], 'gen', 'seq')\n"                                                           \
    "local there = 0\n"                                                                                                \
    "if m[1] then there = redis.call('HLEN', KEYS[1] .. ':' .. m[1] .. ':t') end\n"                                    \
    "return {m[1] or '', m[2] or '', there, redis.call('SMEMBERS', KEYS[1] .. ':g')}\n"

#endif
