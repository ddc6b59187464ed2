/* The scripts that read the live queues in Redis; how their keys look is told in the router's queues.lua.h. One script reads all
 * that one answer needs, so that its numbers belong together. Nothing is written. */
#ifndef CONSOLE_QUEUES_LUA_H
#define CONSOLE_QUEUES_LUA_H

/* The marker into `m`: generation, seq, received, open, supervised. A generation whose index is gone while tickets should be open
 * (a flush, a key deleted) counts as none. */
#define QUEUES_LUA_HEAD                                                                                                \
    "#!lua flags=no-writes\n"                                                                                          \
    "local m = redis.call('HMGET', KEYS[1], 'gen', 'seq', 'received', 'open', 'supervised')\n"                         \
    "if not m[1] then return {'', '0', '0', '0', '0', '0', ARGV[1]} end\n"                                             \
    "local p = KEYS[1] .. ':' .. m[1] .. ':'\n"                                                                        \
    "if redis.call('HLEN', p .. 't') ~= tonumber(m[4]) then return {'', '0', '0', '0', '0', '0', ARGV[1]} end\n"       \
    "local now = tonumber(ARGV[1])\n"                                                                                  \
    "local out = {m[1], m[2], m[3], m[4], m[5], '', ARGV[1]}\n"

/* Appends unit, state, depth, oldest entry, red, yellow, due within 30, 60, 120 minutes; nothing for an empty queue. */
#define QUEUES_LUA_NUMBERS                                                                                             \
    "local function numbers(queue)\n"                                                                                  \
    "  local d, y = p .. 'd:' .. queue, p .. 'y:' .. queue\n"                                                          \
    "  local depth = redis.call('ZCARD', d)\n"                                                                         \
    "  if depth == 0 then return end\n"                                                                                \
    "  local oldest = redis.call('ZRANGE', p .. 'e:' .. queue, 0, 0, 'WITHSCORES')[2]\n"                               \
    "  local soon = redis.call('ZCOUNT', d, '(0', now + 7200000)\n"                                                    \
    "  local red, b30, b60 = 0, 0, 0\n"                                                                                \
    "  if soon > 0 then\n"                                                                                             \
    "    red = redis.call('ZCOUNT', d, '(0', now)\n"                                                                   \
    "    if soon > red then\n"                                                                                         \
    "      b60 = redis.call('ZCOUNT', d, '(0', now + 3600000) - red\n"                                                 \
    "      if b60 > 0 then b30 = redis.call('ZCOUNT', d, '(0', now + 1800000) - red end\n"                             \
    "    end\n"                                                                                                        \
    "  end\n"                                                                                                          \
    "  local yellow = redis.call('ZCOUNT', y, '(0', now) - red\n"                                                      \
    "  if yellow < 0 then yellow = 0 end\n"                                                                            \
    "  local colon = string.find(queue, ':', 1, true)\n"                                                               \
    "  local n = #out\n"                                                                                               \
    "  out[n + 1], out[n + 2] = string.sub(queue, 1, colon - 1), string.sub(queue, colon + 1)\n"                       \
    "  out[n + 3], out[n + 4], out[n + 5], out[n + 6] = depth, oldest or '0', red, yellow\n"                           \
    "  out[n + 7], out[n + 8], out[n + 9] = b30, b60, soon - red\n"                                                    \
    "end\n"

/* KEYS: paidan:S. ARGV: now. Returns generation ('' when there is none), seq, received, open, supervised, '', now, then nine
 * values a queue. */
#define QUEUES_LUA_READ                                                                                                \
    QUEUES_LUA_HEAD QUEUES_LUA_NUMBERS                                                                                 \
        "for _, queue in ipairs(redis.call('SMEMBERS', p .. 'q')) do numbers(queue) end\n"                             \
        "return out\n"

/* One unit's tickets by due time. ARGV: now, unit, limit, due and ticket of the last one seen ('' for none), states. Returns the
 * head as above, with the unit's own numbers as a list in place of '', then ticket, state, due for up to limit + 1 tickets
 * of each state, unsorted across states. */
#define QUEUES_LUA_LIST                                                                                                \
    QUEUES_LUA_HEAD QUEUES_LUA_NUMBERS                                                                                 \
        "local head = out\n"                                                                                           \
        "out = {}\n"                                                                                                   \
        "for state = 1, 20 do numbers(ARGV[2] .. ':' .. state) end\n"                                                  \
        "head[6] = out\n"                                                                                              \
        "local limit, from, last = tonumber(ARGV[3]) + 1, ARGV[4], ARGV[5]\n"                                          \
        "for i = 6, #ARGV do\n"                                                                                        \
        "  local key, at, taken = p .. 'd:' .. ARGV[2] .. ':' .. ARGV[i], 0, 0\n"                                      \
        "  repeat\n"                                                                                                   \
        "    local page = redis.call('ZRANGEBYSCORE', key, from == '' and '-inf' or from, '+inf', 'WITHSCORES', "      \
        "'LIMIT', "                                                                                                    \
        "at, limit)\n"                                                                                                 \
        "    for j = 1, #page, 2 do\n"                                                                                 \
        "      if taken < limit and (from == '' or page[j + 1] ~= from or page[j] > last) then\n"                      \
        "        local n = #head\n"                                                                                    \
        "        head[n + 1], head[n + 2], head[n + 3], taken = page[j], ARGV[i], page[j + 1], taken + 1\n"            \
        "      end\n"                                                                                                  \
        "    end\n"                                                                                                    \
        "    at = at + limit\n"                                                                                        \
        "  until #page < 2 * limit or taken >= limit\n"                                                                \
        "end\n"                                                                                                        \
        "return head\n"

#endif
