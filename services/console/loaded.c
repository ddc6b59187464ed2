/* See loaded.h. */
#include "services/console/loaded.h"

#include <string.h>

static const struct kind {
    const char *name, *zh, *en;
} kinds[] = {{"calendars", "工作日历", "working calendar"},
             {"policies", "时限规则", "policy"},
             {"matters", "事项目录", "matter catalogue"},
             {"units", "单位", "units"},
             {"areas", "网格边界", "areas"},
             {"admission", "社区准入清单", "admission list"},
             {"places", "地名", "place names"},
             {"sources", "来源", "sources"},
             {"people", "用户", "accounts"}};

static const char *word_of(struct call *call, const char *name, size_t len, bool english) {
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strlen(kinds[i].name) == len && !memcmp(kinds[i].name, name, len))
            return english ? kinds[i].en : kinds[i].zh;
    return call_printf(call, "%.*s", (int)len, name);
}

const char *loaded_say(struct call *call, struct text reason, bool english) {
    const char *said = "", *at = reason.at, *end = reason.at + reason.len;
    while (at < end) {
        const char *semicolon = memchr(at, ';', (size_t)(end - at)), *stop = semicolon ? semicolon : end;
        const char *colon = memchr(at, ':', (size_t)(stop - at));
        const char *word = word_of(call, at, (size_t)((colon ? colon : stop) - at), english);
        const char *names = colon ? colon + 1 : stop;
        said = call_printf(call, "%s%s%s%.*s", said, *said ? (english ? "; " : "；") : "", word, (int)(stop - names),
                           names);
        at = semicolon ? semicolon + 1 : end;
        while (at < end && *at == ' ') at++;
    }
    if (!*said) return "";
    return call_printf(call, english ? "%s loaded" : "载入%s", said);
}
