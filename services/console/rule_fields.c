/* See rule_fields.h. */
#include "services/console/rule_fields.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/calendar.h"
#include "proto/must.h"

enum { NAME_MAX = 120, NOTE_MAX = 600, KEYWORDS_MAX = 1000, PRIORITY_MAX = 1000, DAY_MS = 86400000 };

const char *const rule_columns[RULE_COLUMNS + 1] = {
    "number",   "version", "name",     "priority", "enabled",    "from",  "to",
    "matter",   "place",   "channels", "source",   "keywords",   "hours", "time",
    "weekdays", "target",  "assists",  "urgency",  "set_matter", "note",  NULL};

static const char *const targets[] = {[RULE_TO_GRID] = "@grid",
                                      [RULE_TO_COMMUNITY] = "@community",
                                      [RULE_TO_STREET] = "@street",
                                      [RULE_TO_DEPARTMENT] = "@department",
                                      [RULE_TO_TRIAGE] = "@triage"};

/* ---- reading: what it asks ---- */

static time_ms read_day(struct sheet *s, int column, bool after) {
    const char *text = sheet_text(s, column);
    const struct calendar *calendar = world_calendar(&s->in->reference->world, 0);
    int32_t day;
    if (!*text) return 0;
    if (calendar_date_parse(text, &day)) return calendar_at(calendar, day + after, 0);
    sheet_fault(s, column, "“%s” 不是日期, 应如 2026-12-01", "\"%s\" is no date such as 2026-12-01");
    return 0;
}

static void read_matter(struct sheet *s, struct rule *rule) {
    const char *text = sheet_text(s, RULE_MATTER);
    size_t len = strlen(text);
    const struct world *world = &s->in->reference->world;
    rule->without_matter = !strcmp(text, "none");
    if (!len || rule->without_matter) return;
    if ((len != 2 && len != 4 && len != 6) || strspn(text, "0123456789") != len) {
        sheet_fault(s, RULE_MATTER, "“%s” 须为 2、4 或 6 位数字, 或 none (未给事项)",
                    "\"%s\" must have 2, 4 or 6 digits, or be none (no matter given)");
        return;
    }
    uint32_t step = len == 2 ? 10000 : len == 4 ? 100 : 1;
    rule->matter_from = (uint32_t)strtoul(text, NULL, 10) * step;
    rule->matter_to = rule->matter_from + step - 1;
    bool any = false;
    for (uint32_t i = 0; i < world->matter_count && !any; i++)
        any = world->matters[i].code >= rule->matter_from && world->matters[i].code <= rule->matter_to;
    if (!any) sheet_fault(s, RULE_MATTER, "目录中没有 “%s” 的事项", "the catalogue has no matter \"%s\"");
}

/* Calls `take` for each part of a list; | between (also ; and spaces). */
static void each_part(struct sheet *s, int column, struct rule *rule,
                      void take(struct sheet *s, struct rule *rule, const char *part, size_t len)) {
    for (const char *at = sheet_text(s, column); *at;) {
        size_t len = strcspn(at, "|; ");
        if (len) take(s, rule, at, len);
        at += len + (at[len] != 0);
    }
}

static void take_channel(struct sheet *s, struct rule *rule, const char *part, size_t len) {
    int channel = word_value(WORDS_channel, part, len);
    if (channel)
        rule->channels |= (uint16_t)(1u << channel);
    else
        import_fault(s->in, s->number, rule_columns[RULE_CHANNELS],
                     import_printf(s->in, "没有渠道 “%.*s”; 可用: %s", (int)len, part,
                                   word_texts(WORDS_channel, (char[300]){0}, 300)),
                     import_printf(s->in, "there is no channel \"%.*s\"; it must be one of: %s", (int)len, part,
                                   word_texts(WORDS_channel, (char[300]){0}, 300)));
}

static void take_weekdays(struct sheet *s, struct rule *rule, const char *part, size_t len) {
    int from = part[0] - '0', to = len == 3 && part[1] == '-' ? part[2] - '0' : len == 1 ? from : 0;
    if (from < 1 || to < from || to > 7) {
        sheet_fault(s, RULE_WEEKDAYS, "“%s” 应如 1-5 或 6|7 (1 为周一)",
                    "\"%s\" must be like 1-5 or 6|7 (1 is Monday)");
        return;
    }
    for (int day = from; day <= to; day++) rule->weekdays |= (uint8_t)(1u << day);
}

static void read_time(struct sheet *s, struct rule *rule) {
    const char *text = sheet_text(s, RULE_TIME);
    unsigned a, b, c, d;
    int end = 0;
    if (!*text) return;
    bool fits = sscanf(text, "%2u:%2u-%2u:%2u%n", &a, &b, &c, &d, &end) == 4 && !text[end] && a < 24 && b < 60 &&
                (c < 24 || (c == 24 && !d)) && d < 60 && a * 60 + b != c * 60 + d;
    if (!fits) {
        sheet_fault(s, RULE_TIME, "“%s” 应如 22:00-06:00", "\"%s\" must be like 22:00-06:00");
        return;
    }
    rule->minute_from = (uint16_t)(a * 60 + b);
    rule->minute_to = (uint16_t)(c * 60 + d);
}

static const char *read_keywords(struct sheet *s, struct rule *rule) {
    static const struct {
        const char *zh, *en;
    } faults[] = {[RULE_TEXT_TOO_MANY] = {"关键词过多, 最多 16 个", "too many keywords: 16 at most"},
                  [RULE_TEXT_TOO_LONG] = {"关键词过长", "a keyword is too long"},
                  [RULE_TEXT_TOO_SHORT] = {"每个关键词至少两个字; | 表示或, + 表示同时出现",
                                           "each keyword needs two characters; | is or, + is and"},
                  [RULE_TEXT_INVALID] = {"不是有效的文字", "is not valid text"}};
    const char *text = sheet_text(s, RULE_KEYWORDS);
    struct rule_word words[RULE_WORDS_MAX];
    uint32_t count;
    enum rule_text_fault fault = strlen(text) > KEYWORDS_MAX
                                     ? RULE_TEXT_TOO_LONG
                                     : rule_text_read(&s->in->arena, text, strlen(text), rule, words, &count);
    if (fault == RULE_TEXT_OK) return text;
    sheet_fault(s, RULE_KEYWORDS, faults[fault].zh, faults[fault].en);
    return "";
}

/* ---- reading: where it sends ---- */

static bool takes_tickets(int kind) {
    return kind == UNIT_STREET || kind == UNIT_COMMUNITY || kind == UNIT_GRID || kind == UNIT_DEPARTMENT ||
           kind == UNIT_ENTERPRISE || kind == UNIT_POOL;
}

static void check_taker(struct sheet *s, int column, uint32_t unit) {
    const struct unit *u = world_unit(&s->in->reference->world, unit);
    if (u && u->closed) sheet_fault(s, column, "“%s” 中有已停用的单位", "\"%s\" holds a unit that is closed");
    if (u && !takes_tickets(u->kind))
        sheet_fault(s, column, "“%s” 中有不能接单的单位", "\"%s\" holds a unit that takes no tickets");
}

static void read_target(struct sheet *s, struct rule *rule) {
    const char *text = sheet_text(s, RULE_TARGET);
    if (!*text) {
        sheet_fault(s, RULE_TARGET, "不能为空: 单位编码, 或 @grid @community @street @department @triage",
                    "must not be empty: a unit's code, or @grid @community @street @department @triage");
        return;
    }
    for (int i = RULE_TO_GRID; i <= RULE_TO_TRIAGE; i++)
        if (!strcmp(text, targets[i])) rule->target = (uint8_t)i;
    if (rule->target) return;
    rule->target = RULE_TO_UNIT;
    rule->unit = sheet_unit(s, RULE_TARGET);
    check_taker(s, RULE_TARGET, rule->unit);
}

static void take_assist(struct sheet *s, struct rule *rule, const char *part, size_t len) {
    if (rule->assist_count == RULE_ASSISTS_MAX) {
        sheet_fault(s, RULE_ASSISTS, "协办单位最多 4 个", "four assists at most");
        return;
    }
    uint32_t unit = sheet_unit_of(s, RULE_ASSISTS, part, len);
    if (!unit) return;
    check_taker(s, RULE_ASSISTS, unit);
    rule->assists[rule->assist_count++] = unit;
}

static uint32_t read_set_matter(struct sheet *s) {
    const char *text = sheet_text(s, RULE_SET_MATTER);
    size_t len = strlen(text);
    uint32_t code = len == 6 && strspn(text, "0123456789") == 6 ? (uint32_t)strtoul(text, NULL, 10) : 0;
    if (!len) return 0;
    if (!world_matter(&s->in->reference->world, code))
        sheet_fault(s, RULE_SET_MATTER, "“%s” 不是目录中的事项", "\"%s\" is no matter of the catalogue");
    return code;
}

static void check_whole(struct sheet *s, const struct rule *r) {
    bool asks = r->without_matter || r->matter_to || r->place || r->source || r->channels || r->hours || r->weekdays ||
                r->minute_from != r->minute_to || r->alternative_count;
    if (r->to && r->to <= r->from) sheet_fault(s, RULE_TO, "早于生效日期", "lies before the first day");
    if (r->target == RULE_TO_DEPARTMENT && r->without_matter && !r->matter)
        sheet_fault(s, RULE_TARGET, "没有事项就没有责任部门: 请填 set_matter",
                    "without a matter there is no department: give set_matter");
    if (!asks)
        import_warn(s->in, import_printf(s->in, "第 %zu 行的规则没有任何条件, 对所有诉求生效", s->number),
                    import_printf(s->in, "the rule in row %zu asks nothing: it holds for every request", s->number));
}

void rule_read(struct sheet *s, struct rule *rule, struct reference_rule *text) {
    *rule = (struct rule){.no = (uint32_t)sheet_int(s, RULE_NUMBER, 1, 999999, 0)};
    *text = (struct reference_rule){.version = (uint32_t)sheet_int(s, RULE_VERSION, 1, INT32_MAX, 0)};
    text->name = sheet_text(s, RULE_NAME);
    text->note = sheet_text(s, RULE_NOTE);
    if (strlen(text->name) > NAME_MAX) sheet_fault(s, RULE_NAME, "过长, 最多 120 字节", "too long: 120 bytes at most");
    if (strlen(text->note) > NOTE_MAX) sheet_fault(s, RULE_NOTE, "过长, 最多 600 字节", "too long: 600 bytes at most");
    rule->priority = (int32_t)sheet_int(s, RULE_PRIORITY, -PRIORITY_MAX, PRIORITY_MAX, 0);
    rule->disabled = !sheet_yes(s, RULE_ENABLED, true);
    rule->from = read_day(s, RULE_FROM, false);
    rule->to = read_day(s, RULE_TO, true);
    read_matter(s, rule);
    rule->place = sheet_unit(s, RULE_PLACE);
    each_part(s, RULE_CHANNELS, rule, take_channel);
    const char *source = sheet_text(s, RULE_SOURCE);
    const struct reference_source *known = reference_source_by_code(s->in->reference, source, strlen(source));
    if (*source && !known) sheet_fault(s, RULE_SOURCE, "没有来源 “%s”", "there is no source \"%s\"");
    if (known) rule->source = known->id;
    text->words = read_keywords(s, rule);
    if (*sheet_text(s, RULE_HOURS)) rule->hours = (uint8_t)sheet_word(s, RULE_HOURS, WORDS_rule_hours, 0);
    read_time(s, rule);
    each_part(s, RULE_WEEKDAYS, rule, take_weekdays);
    read_target(s, rule);
    each_part(s, RULE_ASSISTS, rule, take_assist);
    if (*sheet_text(s, RULE_URGENCY)) rule->urgency = (uint8_t)sheet_word(s, RULE_URGENCY, WORDS_urgency, 0);
    rule->matter = read_set_matter(s);
    check_whole(s, rule);
}

/* ---- writing ---- */

static const char *day_text(struct arena *arena, const struct world *world, time_ms at, bool after) {
    int32_t year, month, day;
    if (!at) return "";
    calendar_date_of(calendar_local_day(world_calendar(world, 0), at) - after, &year, &month, &day);
    return arena_printf(arena, "%04d-%02d-%02d", year, month, day);
}

static const char *matter_text(struct arena *arena, const struct rule *rule) {
    if (rule->without_matter) return "none";
    if (!rule->matter_to) return "";
    uint32_t span = rule->matter_to - rule->matter_from + 1;
    if (span == 10000) return arena_printf(arena, "%02u", rule->matter_from / 10000);
    return span == 100 ? arena_printf(arena, "%04u", rule->matter_from / 100)
                       : arena_printf(arena, "%06u", rule->matter_from);
}

static const char *bits_text(struct arena *arena, unsigned bits, bool channels) {
    char text[120] = "";
    size_t used = 0;
    for (int i = 1; i < 16; i++) {
        if (!(bits >> i & 1)) continue;
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", used ? "|" : "",
                                 channels ? word_text(WORDS_channel, i) : (const char[]){(char)('0' + i), 0});
    }
    return arena_printf(arena, "%s", text);
}

static const char *assists_text(struct arena *arena, const struct reference *reference, const struct rule *rule) {
    char text[120] = "";
    size_t used = 0;
    for (int i = 0; i < rule->assist_count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", used ? "|" : "",
                                 reference_unit_code(reference, rule->assists[i]));
    return arena_printf(arena, "%s", text);
}

void rule_write(struct arena *arena, const struct reference *reference, const struct rule *rule,
                const struct reference_rule *text, const char *f[RULE_COLUMNS]) {
    const struct reference_source *source = reference_source(reference, rule->source);
    for (int i = 0; i < RULE_COLUMNS; i++) f[i] = "";
    if (rule->no) f[RULE_NUMBER] = arena_printf(arena, "%u", rule->no);
    if (text->version) f[RULE_VERSION] = arena_printf(arena, "%u", text->version);
    f[RULE_NAME] = text->name;
    f[RULE_PRIORITY] = arena_printf(arena, "%d", rule->priority);
    f[RULE_ENABLED] = rule->disabled ? "no" : "yes";
    f[RULE_FROM] = day_text(arena, &reference->world, rule->from, false);
    f[RULE_TO] = day_text(arena, &reference->world, rule->to, true);
    f[RULE_MATTER] = matter_text(arena, rule);
    if (rule->place) f[RULE_PLACE] = reference_unit_code(reference, rule->place);
    f[RULE_CHANNELS] = bits_text(arena, rule->channels, true);
    if (source) f[RULE_SOURCE] = source->code;
    f[RULE_KEYWORDS] = text->words;
    if (rule->hours) f[RULE_HOURS] = word_text(WORDS_rule_hours, rule->hours);
    if (rule->minute_from != rule->minute_to)
        f[RULE_TIME] = arena_printf(arena, "%02d:%02d-%02d:%02d", rule->minute_from / 60, rule->minute_from % 60,
                                    rule->minute_to / 60, rule->minute_to % 60);
    f[RULE_WEEKDAYS] = bits_text(arena, rule->weekdays, false);
    f[RULE_TARGET] = rule->target == RULE_TO_UNIT ? reference_unit_code(reference, rule->unit) : targets[rule->target];
    f[RULE_ASSISTS] = assists_text(arena, reference, rule);
    if (rule->urgency) f[RULE_URGENCY] = word_text(WORDS_urgency, rule->urgency);
    if (rule->matter) f[RULE_SET_MATTER] = arena_printf(arena, "%06u", rule->matter);
    f[RULE_NOTE] = text->note;
    for (int i = 0; i < RULE_COLUMNS; i++) must(f[i]);
}

void put_rule_fields(struct json_writer *w, const char *const fields[RULE_COLUMNS]) {
    for (int i = 0; i < RULE_COLUMNS; i++) {
        bool absent = (i == RULE_NUMBER || i == RULE_VERSION) && !fields[i][0];
        json_put_string(w, rule_columns[i], absent ? NULL : fields[i]);
    }
}
