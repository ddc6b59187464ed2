/* Prints the documents that are derived from the tables, as Markdown on stdout; `make docs` puts them in place. Not for
 * configuration: each service prints its own keys.
 * usage: docs messages | words | lifecycle | access | asyncapi | lock [PRESENT-LOCK-FILE] */
#include <cjson/cJSON.h>

#include "core/access.h"
#include "core/lifecycle.h"
#include "proto/lock.h"
#include "proto/table.h"
#include "services/console/asyncapi.h"

#include <stdio.h>
#include <string.h>

static void derived(const char *title, const char *from) {
    printf("# %s\n\nDerived by `make docs` from `%s`; do not edit.\n", title, from);
}

/* ---- messages ------------------------------------------------------------------------------------------------------ */

static void print_kind(const struct field_info *f) {
    if (f->max) printf("list of ");
    if (f->kind == FIELD_struct)
        printf("[%s](#%s)", f->type->name, f->type->name);
    else if (f->kind == FIELD_word)
        printf("word, [%s](words.md#%s)", word_set_name((enum word_set)f->word_set),
               word_set_name((enum word_set)f->word_set));
    else
        printf("%s", table_kind_name((enum field_kind)f->kind));
    if (f->max) printf(", at most %u", f->max);
}

static void print_fields(const struct type_info *type) {
    printf("\n| tag | field | kind | |\n| ---: | --- | --- | --- |\n");
    for (const struct field_info *f = type->fields; f < type->fields + type->count; f++) {
        printf("| %u | `%s` | ", f->tag, f->name);
        print_kind(f);
        printf(" | %s |\n", f->doc);
    }
}

static int print_messages(void) {
    size_t count;
    derived("Messages", "proto/messages.def");
    printf("\nA message is one ZeroMQ frame: the [envelope](#envelope) and behind it the body, two msgpack maps from "
           "tag to "
           "value.\nThe same form, a map by itself, is stored in `event.body` and `ticket.body`. How it is written and "
           "what a "
           "reader\nrefuses: `proto/codec.h`. The same structs as JSON: `proto/json.h`.\n\n"
           "* A field that is zero or empty is not written, and what is absent is zero. Tags ascend; numbers take the "
           "fewest "
           "bytes.\n"
           "* `u8` to `i64` are integers, `time` is an integer too (UTC milliseconds since 1970), a `word` is the "
           "number of a "
           "word\n  in [words.md](words.md), `flag` is true, `text` is str (UTF-8 without NUL), `bytes` is bin, a list "
           "is an "
           "array.\n"
           "* A reader skips tags it does not know, so a field is added without a new protocol version. A tag, message "
           "number "
           "or\n  word is never given another meaning: `proto/messages.lock` and a test keep watch.\n"
           "* A frame has at most %d bytes and nests at most %d deep. Protocol version: %d.\n",
           MESSAGE_BYTES_MAX, MESSAGE_DEPTH_MAX, PROTOCOL_VERSION);
    const struct message_info *messages = table_messages(&count);
    printf("\n| number | message | from | to | |\n| ---: | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < count; i++)
        printf("| %d | [%s](#%s) | %s | %s | %s |\n", messages[i].number, messages[i].name, messages[i].name,
               messages[i].from, messages[i].to, messages[i].doc);
    for (size_t i = 0; i < count; i++) {
        printf("\n## %s\n\nMessage %d, %s to %s: %s.\n", messages[i].name, messages[i].number, messages[i].from,
               messages[i].to, messages[i].doc);
        print_fields(messages[i].type);
    }
    printf("\n# Structs\n");
    const struct type_info *const *structs = table_structs(&count);
    for (size_t i = 0; i < count; i++) {
        printf("\n## %s\n\n%s.\n", structs[i]->name, structs[i]->doc);
        print_fields(structs[i]);
    }
    return 0;
}

/* ---- words --------------------------------------------------------------------------------------------------------- */

static int print_words(void) {
    derived("Words", "proto/words.def");
    printf(
        "\nThe number stands in messages and stored bytes, the word in JSON, SQL and on the command line, the rest on "
        "screens.\nA word keeps its number for ever. Number 0 always means \"not given\".\n");
    for (int set = 0; set < WORD_SET_COUNT; set++) {
        size_t count;
        const struct word *words = word_list((enum word_set)set, &count);
        printf("\n## %s\n\n| number | word | 中文 | English |\n| ---: | --- | --- | --- |\n",
               word_set_name((enum word_set)set));
        for (size_t i = 0; i < count; i++)
            printf("| %d | `%s` | %s | %s |\n", words[i].value, words[i].text, words[i].zh, words[i].en);
    }
    return 0;
}

/* ---- lifecycle ----------------------------------------------------------------------------------------------------- */

enum { NOTHING = 0 }; /* "there is no ticket yet", as a state */

static const char *zh(enum word_set set, int value) {
    return word_by_value(set, value)->zh;
}

static void print_state(int state) {
    if (state == NOTHING)
        printf("nothing yet");
    else
        printf("%s %s", word_text(WORDS_state, state), zh(WORDS_state, state));
}

/* A set of states in as few words as it has a name for. */
static void print_states(unsigned set) {
    static const struct {
        unsigned set;
        const char *name;
    } named[] = {{LIFECYCLE_IN_ANY, "any"}, {LIFECYCLE_IN_OPEN, "any open"}};
    const char *separator = "";
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
        if ((set & named[i].set) == named[i].set) {
            printf("%s", named[i].name);
            set &= ~named[i].set;
            separator = ", ";
        }
    for (int state = NOTHING; state < STATE_COUNT; state++)
        if (set >> state & 1) {
            printf("%s", separator);
            print_state(state);
            separator = ", ";
        }
}

static void print_who(unsigned who) {
    size_t count;
    const struct access_word *relations = access_relations(&count);
    const char *separator = "";
    if (!who) printf("*the other ticket's side*");
    for (size_t i = 0; i < count; i++)
        if (who & (unsigned)relations[i].value) {
            printf("%s%s", separator, relations[i].text);
            separator = ", ";
        }
}

static void print_both(const char *english, const char *chinese) {
    if (*english) printf("%s; %s", english, chinese);
}

static void print_step(const struct lifecycle_row *row) {
    printf("| ");
    print_states(row->from);
    printf(" | `%s` %s | ", word_text(WORDS_command_name, row->command), zh(WORDS_command_name, row->command));
    if (row->to)
        print_state(row->to);
    else
        printf("*stays*");
    printf(" | `%s` | ", word_text(WORDS_event_type, row->event));
    print_who(row->who);
    printf(" | ");
    print_both(lifecycle_when_say((enum when)row->when, LANG_EN), lifecycle_when_say((enum when)row->when, LANG_ZH));
    printf(" | ");
    print_both(lifecycle_guard_say((enum guard)row->guard, LANG_EN),
               lifecycle_guard_say((enum guard)row->guard, LANG_ZH));
    printf(" |\n");
}

/* Arrows from more than three states would hide the others. */
static bool is_drawn(const struct lifecycle_row *row) {
    return row->to && row->who && __builtin_popcount(row->from) <= 3;
}

/* One arrow with all commands that lead from a state to another. */
static void print_arrow(int from, int to) {
    size_t count;
    const struct lifecycle_row *rows = lifecycle_rows(&count);
    uint64_t drawn = 0;
    for (size_t i = 0; i < count; i++) {
        if (!(rows[i].from >> from & 1) || rows[i].to != to || from == to || !is_drawn(&rows[i])) continue;
        if (drawn >> rows[i].command & 1) continue;
        if (!drawn)
            printf("    %s --> %s: ", from == NOTHING ? "[*]" : word_text(WORDS_state, from),
                   word_text(WORDS_state, to));
        printf("%s%s", drawn ? ", " : "", word_text(WORDS_command_name, rows[i].command));
        drawn |= 1ULL << rows[i].command;
    }
    if (drawn) printf("\n");
}

static bool has_an_arrow(int state) {
    size_t count;
    const struct lifecycle_row *rows = lifecycle_rows(&count);
    for (size_t i = 0; i < count; i++)
        if (is_drawn(&rows[i]) && (rows[i].to == state || (rows[i].from >> state & 1))) return true;
    return false;
}

static void print_diagram(void) {
    size_t count;
    const struct lifecycle_row *rows = lifecycle_rows(&count);
    printf("\nThe steps that change the state, except:\n\n");
    for (size_t i = 0; i < count; i++) {
        if (is_drawn(&rows[i]) || !rows[i].to || !rows[i].who) continue;
        printf("* `%s` to ", word_text(WORDS_command_name, rows[i].command));
        print_state(rows[i].to);
        printf(" from ");
        print_states(rows[i].from);
        printf("\n");
    }
    printf("\n```mermaid\nstateDiagram-v2\n");
    for (int state = 1; state < STATE_COUNT; state++)
        if (has_an_arrow(state))
            printf("    %s: %s %s\n", word_text(WORDS_state, state), word_text(WORDS_state, state),
                   zh(WORDS_state, state));
    for (int from = NOTHING; from < STATE_COUNT; from++)
        for (int to = 1; to < STATE_COUNT; to++) print_arrow(from, to);
    printf("    classDef ended fill:#ddd,color:#333\n    class ");
    for (int state = 1, ended = 0; state < STATE_COUNT; state++)
        if (has_an_arrow(state) && !lifecycle_is_open(state))
            printf("%s%s", ended++ ? "," : "", word_text(WORDS_state, state));
    printf(" ended\n```\n");
}

static void print_possible(int state) {
    uint64_t commands = lifecycle_commands(state);
    printf("| ");
    print_state(state);
    printf(" | %s |", state != NOTHING && lifecycle_is_open(state) ? "yes" : "");
    for (int command = 1; command < COMMAND_COUNT; command++)
        if (commands >> command & 1) printf(" `%s`", word_text(WORDS_command_name, command));
    printf(" |\n");
}

static int print_lifecycle(void) {
    size_t count;
    const struct lifecycle_row *rows = lifecycle_rows(&count);
    derived("The way of a ticket", "core/lifecycle.def");
    printf("\nA row is a legal step; what has no row is refused. Of several rows the first whose states, people and "
           "case fit "
           "decides,\nand its condition must hold. A row is one event: where a command causes several, the system "
           "takes the "
           "later rows.\nWho stands behind the words of the column \"who\": [access.md](access.md).\n\n## Diagram\n");
    print_diagram();
    printf("\n## What is possible in a state\n\n| state | open | commands |\n| --- | --- | --- |\n");
    for (int state = NOTHING; state < STATE_COUNT; state++) print_possible(state);
    printf("\n## Steps\n\n| from | command | to | event | who | case | condition |\n"
           "| --- | --- | --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < count; i++) print_step(&rows[i]);
    return 0;
}

/* ---- access -------------------------------------------------------------------------------------------------------- */

static void print_allowed(int action, const char *text, const char *chinese) {
    printf("| `%s` %s |", text, chinese);
    for (int role = 1; role < ROLE_COUNT; role++) {
        enum scope scope = access_scope(role, action);
        printf(" %s |", scope == SCOPE_NONE ? "" : access_scope_text(scope));
    }
    printf("\n");
}

static int print_access(void) {
    size_t count;
    derived("Who may do what", "core/access.def");
    printf("\nAn empty cell is refused. The lifecycle narrows it further: a role may sign, but only the lead signs "
           "([lifecycle.md](lifecycle.md)).\n\n"
           "* `own`: tickets in which my unit, or a unit below it, takes part\n"
           "* `place`: those, and tickets whose place lies in my unit\n"
           "* `source`: tickets that came from the source I speak for\n"
           "* `all`: every ticket\n\n"
           "A unit that was given a card of a ticket sees it and appeals, where its role holds that in `own` or "
           "`place`, also when it has "
           "no part in it any more (rule L30).\n\n## How somebody can stand to a ticket\n\n| word | 中文 | English "
           "|\n| --- | --- | "
           "--- |\n");
    const struct access_word *relations = access_relations(&count);
    for (size_t i = 0; i < count; i++)
        printf("| `%s` | %s | %s |\n", relations[i].text, relations[i].zh, relations[i].en);
    printf("\n## Roles and actions\n\n| action |");
    for (int role = 1; role < ROLE_COUNT; role++) printf(" %s %s |", word_text(WORDS_role, role), zh(WORDS_role, role));
    printf("\n| --- |");
    for (int role = 1; role < ROLE_COUNT; role++) printf(" --- |");
    printf("\n");
    for (int command = 1; command < COMMAND_COUNT; command++)
        print_allowed(command, word_text(WORDS_command_name, command), zh(WORDS_command_name, command));
    const struct access_word *actions = access_actions(&count);
    for (size_t i = 0; i < count; i++) print_allowed(actions[i].value, actions[i].text, actions[i].zh);
    return 0;
}

/* ---- the lock file ------------------------------------------------------------------------------------------------- */

static int print_lock(const char *path) {
    static char old[LOCK_BYTES_MAX], text[LOCK_BYTES_MAX];
    char problem[2 * LOCK_LINE_MAX];
    size_t old_len = 0, len;
    FILE *file = path ? fopen(path, "r") : NULL;
    if (file) {
        old_len = fread(old, 1, sizeof old, file);
        fclose(file);
    }
    if (!lock_update(old, old_len, text, sizeof text, &len, problem)) {
        fprintf(stderr, "docs: %s: %s\n", path, problem);
        return 1;
    }
    fwrite(text, 1, len, stdout);
    return 0;
}

/* ---- the AsyncAPI document, for readers and for diffs: a member a line ------------------------------------------------------------ */

static int print_asyncapi(void) {
    struct buffer text = {0};
    struct json_writer w;
    json_writer_init(&w, &text);
    asyncapi_write(&w);
    json_writer_end(&w);
    cJSON *tree = cJSON_ParseWithLength((const char *)text.data, text.length);
    char *pretty = tree ? cJSON_Print(tree) : NULL;
    /* cJSON indents by tabs, which YAML's readers of such documents do not like */
    for (const char *at = pretty; at && *at; at++)
        fputs(*at != '\t' ? (char[]){*at, '\0'} : at[-1] == ':' ? " " : "  ", stdout);
    if (pretty) putchar('\n');
    cJSON_free(pretty);
    cJSON_Delete(tree);
    buffer_done(&text);
    return pretty ? 0 : 1;
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    int failed = 2;
    if (strcmp(what, "messages") == 0) failed = print_messages();
    if (strcmp(what, "words") == 0) failed = print_words();
    if (strcmp(what, "lifecycle") == 0) failed = print_lifecycle();
    if (strcmp(what, "access") == 0) failed = print_access();
    if (strcmp(what, "asyncapi") == 0) failed = print_asyncapi();
    if (strcmp(what, "lock") == 0) failed = print_lock(argc > 2 ? argv[2] : NULL);
    if (failed == 2)
        fprintf(stderr, "usage: docs messages | words | lifecycle | access | asyncapi | lock [PRESENT-LOCK-FILE]\n");
    if (fflush(stdout) != 0 || ferror(stdout)) failed = 1;
    return failed;
}
