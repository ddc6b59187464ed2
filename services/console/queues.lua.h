/* The scripts that read the live queues in Redis; how their keys look is told in the router's queues.lua.h. One script reads all
 * that one answer needs, so that its numbers belong together. Nothing is written. */
#ifndef CONSOLE_QUEUES_LUA_H
#define CONSOLE_QUEUES_LUA_H

/* The marker into `m`: generation, seq, received, open, supervised. Without one: an empty head. */
#define QUEUES_LUA_MARKER                                                                                              \
    "#!lua flags=no-writes\n"                                                                                          \
    "local m = redis.call('HMGET', KEYS[1], 'gen', 'seq', 'received', 'open', 'supervised')\n"                         \
    "local none = {'', '0', '0', '0', '0', '0', ARGV[1]}\n"                                                            \
    "if not m[1] then return none end\n"                                                                               \
    "local p = KEYS[1] .. ':' .. m[1] .. ':'\n"                                                                        \
    "local now = tonumber(ARGV[1])\n"                                                                                  \
    "local out = {m[1], m[2], m[3], m[4], m[5], '', ARGV[1]}\n"

/* Whether the generation has all its tickets: one that lacks some (a flush, a key deleted) counts as none. */
#define QUEUES_LUA_ALL_THERE                                                                                           \
    "local function all_there()\n"                                                                                     \
    "  local there = 0\n"                                                                                              \
    "  for _, queue in ipairs(redis.call('SMEMBERS', p .. 'q')) do there = there + redis.call('ZCARD', p .. 'd:' .. "  \
    "queue) end\n"                                                                                                     \
    "  return there == tonumber(m[4])\n"                                                                               \
    "end\n"

/* Appends unit, state, depth, oldest entry, red, yellow, due within 30, 60, 120 minutes; nothing for an empty queue, unless it is asked for too. */
#define QUEUES_LUA_NUMBERS                                                                                             \
    "local function numbers(queue, empty_too)\n"                                                                       \
    "  local d, y = p .. 'd:' .. queue, p .. 'y:' .. queue\n"                                                          \
    "  local depth = redis.call('ZCARD', d)\n"                                                                         \
    "  if depth == 0 and not empty_too then return end\n"                                                              \
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

/* KEYS: paidan:S. ARGV: now, generation and seq of what the asker has. Returns generation ('' when there is none), seq, received, open,
 * supervised, '1' when all queues follow and '0' when those changed since, now, then nine values a queue. */
#define QUEUES_LUA_READ                                                                                                \
    QUEUES_LUA_MARKER QUEUES_LUA_ALL_THERE QUEUES_LUA_NUMBERS                                                          \
        "if m[1] == ARGV[2] and redis.call('EXISTS', p .. 'c') == 1 then\n"                                            \
        "  out[6] = '0'\n"                                                                                             \
        "  for _, queue in ipairs(redis.call('ZRANGEBYSCORE', p .. 'c', '(' .. ARGV[3], '+inf')) do numbers(queue, "   \
        "true) end\n"                                                                                                  \
        "  return out\n"                                                                                               \
        "end\n"                                                                                                        \
        "if not all_there() then return none end\n"                                                                    \
        "out[6] = '1'\n"                                                                                               \
        "for _, queue in ipairs(redis.call('SMEMBERS', p .. 'q')) do numbers(queue) end\n"                             \
        "return out\n"

/* pass(n): the cursor (from, last) becomes the n-th ticket of what lies between the bounds, and false when there are not that many. Each
 * step looks at the weighted median of the queues' own medians and puts at least a quarter of what is left aside; many tickets may be
 * due at one moment, so places are told by due and ticket. */
#define QUEUES_LUA_PASS                                                                                                \
    "local from, last = ARGV[4], ARGV[5]\n"                                                                            \
    "local parts = {}\n"                                                                                               \
    "local function before(a, b) return a[3] < b[3] or (a[3] == b[3] and a[1] < b[1]) end\n"                           \
    "local function upto(part, due, ticket)\n"                                                                         \
    "  local at, stop = redis.call('ZCOUNT', part.key, '-inf', '(' .. due), redis.call('ZCOUNT', part.key, '-inf', "   \
    "due)\n"                                                                                                           \
    "  while at < stop do\n"                                                                                           \
    "    local middle = math.floor((at + stop) / 2)\n"                                                                 \
    "    if redis.call('ZRANGE', part.key, middle, middle)[1] <= ticket then at = middle + 1 else stop = middle end\n" \
    "  end\n"                                                                                                          \
    "  return at\n"                                                                                                    \
    "end\n"                                                                                                            \
    "local function middle()\n"                                                                                        \
    "  local found, weight, seen = {}, 0, 0\n"                                                                         \
    "  for _, part in ipairs(parts) do\n"                                                                              \
    "    local n = part.stop - part.at\n"                                                                              \
    "    if n > 0 then\n"                                                                                              \
    "      local rank = part.at + math.floor((n - 1) / 2)\n"                                                           \
    "      local one = redis.call('ZRANGE', part.key, rank, rank, 'WITHSCORES')\n"                                     \
    "      found[#found + 1] = {one[1], n, tonumber(one[2])}\n"                                                        \
    "      weight = weight + n\n"                                                                                      \
    "    end\n"                                                                                                        \
    "  end\n"                                                                                                          \
    "  table.sort(found, before)\n"                                                                                    \
    "  for _, one in ipairs(found) do\n"                                                                               \
    "    seen = seen + one[2]\n"                                                                                       \
    "    if 2 * seen >= weight then return one[1], string.format('%.0f', one[3]) end\n"                                \
    "  end\n"                                                                                                          \
    "end\n"                                                                                                            \
    "local function pass(skip)\n"                                                                                      \
    "  local left = 0\n"                                                                                               \
    "  for _, part in ipairs(parts) do\n"                                                                              \
    "    part.at = redis.call('ZCARD', part.key) - redis.call('ZCOUNT', part.key, ARGV[6], '+inf')\n"                  \
    "    part.stop = part.at + redis.call('ZCOUNT', part.key, ARGV[6], ARGV[7])\n"                                     \
    "    left = left + part.stop - part.at\n"                                                                          \
    "  end\n"                                                                                                          \
    "  if skip >= left then return false end\n"                                                                        \
    "  while skip > 0 do\n"                                                                                            \
    "    local ticket, due = middle()\n"                                                                               \
    "    local behind = 0\n"                                                                                           \
    "    for _, part in ipairs(parts) do\n"                                                                            \
    "      if part.stop > part.at then\n"                                                                              \
    "        part.cut = math.min(part.stop, math.max(part.at, upto(part, due, ticket)))\n"                             \
    "        behind = behind + part.cut - part.at\n"                                                                   \
    "      else part.cut = part.at end\n"                                                                              \
    "    end\n"                                                                                                        \
    "    local passed = behind <= skip\n"                                                                              \
    "    if passed then from, last, skip = due, ticket, skip - behind end\n"                                           \
    "    for _, part in ipairs(parts) do\n"                                                                            \
    "      if passed then part.at = part.cut else part.stop = part.cut end\n"                                          \
    "    end\n"                                                                                                        \
    "  end\n"                                                                                                          \
    "  return true\n"                                                                                                  \
    "end\n"

/* Tickets of some units by due time. ARGV: now, units with commas between, limit, due and ticket of the last one seen ('' for none),
 * lowest and highest due ('-inf', '+inf', '(0' ...), 'yellow' or '', how many to pass over instead of a last one seen, states. Returns
 * the head, with these units' numbers as a list in place of '', then ticket, state, due, unsorted: the first limit + 1 by due
 * and ticket are among them. A bound that falls as tickets are found keeps it quick also when hundreds of queues are asked, and a place
 * far down is found by ranks, in a few steps and not by counting up to it. */
#define QUEUES_LUA_LIST                                                                                                \
    QUEUES_LUA_MARKER QUEUES_LUA_ALL_THERE QUEUES_LUA_NUMBERS QUEUES_LUA_PASS                                          \
        "if not all_there() then return none end\n"                                                                    \
        "local head, limit, skip = out, tonumber(ARGV[3]) + 1, tonumber(ARGV[9])\n"                                    \
        "local low, high, units, states, found = ARGV[6], ARGV[7], {}, {}, {}\n"                                       \
        "for unit in string.gmatch(ARGV[2], '%d+') do units[unit] = true end\n"                                        \
        "for i = 10, #ARGV do states[ARGV[i]] = true end\n"                                                            \
        "if ARGV[8] == 'yellow' then limit = limit + skip end\n"                                                       \
        "local function add(ticket, state, due)\n"                                                                     \
        "  if from ~= '' and (due < tonumber(from) or (due == tonumber(from) and ticket <= last)) then return end\n"   \
        "  found[#found + 1] = {ticket, state, due}\n"                                                                 \
        "  if #found < 4 * limit then return end\n"                                                                    \
        "  table.sort(found, before)\n"                                                                                \
        "  for i = #found, limit + 1, -1 do found[i] = nil end\n"                                                      \
        "  high = string.format('%.0f', found[limit][3])\n"                                                            \
        "end\n"                                                                                                        \
        "local function by_due(part)\n"                                                                                \
        "  local at = 0\n"                                                                                             \
        "  if from ~= '' then at = upto(part, from, last) - redis.call('ZCOUNT', part.key, '-inf', '(' .. from) end\n" \
        "  local page = redis.call('ZRANGEBYSCORE', part.key, low, high, 'WITHSCORES', 'LIMIT', at, limit)\n"          \
        "  for j = 1, #page, 2 do add(page[j], part.state, tonumber(page[j + 1])) end\n"                               \
        "end\n"                                                                                                        \
        "local function yellow(queue, state)\n"                                                                        \
        "  for _, ticket in ipairs(redis.call('ZRANGEBYSCORE', p .. 'y:' .. queue, '(0', now)) do\n"                   \
        "    local due = tonumber(redis.call('ZSCORE', p .. 'd:' .. queue, ticket) or '0')\n"                          \
        "    if due == 0 or due > now then add(ticket, state, due) end\n"                                              \
        "  end\n"                                                                                                      \
        "end\n"                                                                                                        \
        "out = {}\n"                                                                                                   \
        "for _, queue in ipairs(redis.call('SMEMBERS', p .. 'q')) do\n"                                                \
        "  local colon = string.find(queue, ':', 1, true)\n"                                                           \
        "  local state = string.sub(queue, colon + 1)\n"                                                               \
        "  if units[string.sub(queue, 1, colon - 1)] then\n"                                                           \
        "    numbers(queue)\n"                                                                                         \
        "    if states[state] and ARGV[8] == 'yellow' then yellow(queue, state)\n"                                     \
        "    elseif states[state] then parts[#parts + 1] = {key = p .. 'd:' .. queue, state = state} end\n"            \
        "  end\n"                                                                                                      \
        "end\n"                                                                                                        \
        "if ARGV[8] == 'yellow' then\n"                                                                                \
        "  table.sort(found, before)\n"                                                                                \
        "  for i = 1, #found do found[i] = i <= limit - skip and found[i + skip] or nil end\n"                         \
        "elseif skip == 0 or pass(skip) then\n"                                                                        \
        "  if from ~= '' then low = from end\n"                                                                        \
        "  for _, part in ipairs(parts) do by_due(part) end\n"                                                         \
        "end\n"                                                                                                        \
        "head[6] = out\n"                                                                                              \
        "for _, ticket in ipairs(found) do\n"                                                                          \
        "  local n = #head\n"                                                                                          \
        "  head[n + 1], head[n + 2], head[n + 3] = ticket[1], ticket[2], string.format('%.0f', ticket[3])\n"           \
        "end\n"                                                                                                        \
        "return head\n"

#endif
