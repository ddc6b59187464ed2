/* people.csv: accounts and the posts they hold, a row each (rule W7). New accounts get a random password, told once in the answer
 * (?passwords=none: none, they cannot sign in until one is given); those that exist keep theirs, and hold the posts of the file
 * from now on. The first row of somebody new is the active post. Nobody is removed. */
#include <stdlib.h>
#include <string.h>

#include "proto/must.h"
#include "services/console/import.h"
#include "services/console/password.h"
#include "services/console/session.h"
#include "services/console/sheet.h"
#include "services/console/users.h"

enum { USER, ROLE, UNIT, RANK, FROM, TO, QUIET };
static const char *const columns[] = {"user", "role", "unit", "rank", "from", "to", "quiet", NULL};
enum { PEOPLE_MAX = 5000, PASSWORDS_MAX = 1000 };

struct person { /* a row */
    const char *login, *quiet;
    size_t number;
    int role, rank;
    uint32_t unit;
    time_ms from, to;
    bool is_new, is_first; /* an account to be made; the first row of this account */
    char password[PASSWORD_TEXT_BYTES];
};

struct plan {
    struct person *rows;
    uint32_t count, new_count;
    bool passwords;
    struct password_job *jobs; /* of the new ones, in order */
};

struct known { /* sorted */
    const char **logins;
    bool *guards; /* beside them: an enabled security administrator */
    uint32_t count;
    bool passwords;
};

static const struct db_statement LOGINS = {
    "import_people_logins", "SELECT login, role = $1::int2 AND NOT disabled FROM account ORDER BY login COLLATE \"C\""};
static const struct db_statement STORE = {"import_people",
                                          "INSERT INTO account (login, password, role, unit, created_at, quiet) SELECT "
                                          "l, p, r, nullif(u, 0), $5::int8, q FROM "
                                          "unnest($1::text[], $2::text[], $3::int2[], $4::int4[], $6::text[]) AS a (l, "
                                          "p, r, u, q) ON CONFLICT (login) DO UPDATE "
                                          "SET quiet = excluded.quiet"};
static const struct db_statement DROP_POSTS = {
    "import_people_drop", "DELETE FROM post WHERE account IN (SELECT id FROM account WHERE login = ANY ($1::text[]))"};
static const struct db_statement POSTS = {
    "import_people_posts",
    "INSERT INTO post (account, unit, role, rank, from_at, to_at) SELECT a.id, u, r, k, f, t FROM unnest($1::text[], "
    "$2::int4[], $3::int2[], $4::int2[], $5::int8[], $6::int8[]) AS p (l, u, r, k, f, t) JOIN account a ON a.login = "
    "p.l"};
/* Whoever no longer holds the active post gets the first one of the file. */
static const struct db_statement ACTIVE = {
    "import_people_active",
    "UPDATE account a SET role = f.r, unit = nullif(f.u, 0) FROM unnest($1::text[], $2::int2[], $3::int4[]) AS f (l, "
    "r, u) "
    "WHERE a.login = f.l AND (a.role <> f.r OR coalesce(a.unit, 0) <> f.u) AND NOT EXISTS (SELECT FROM post p WHERE "
    "p.account = a.id AND p.unit = a.unit AND p.role = a.role)"};
static const struct db_statement STAFF = {"import_people_staff", "SELECT changed FROM organisation_apply($1::int8)"};

static int compare(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void read_person(struct sheet *s, struct person *person) {
    struct import *in = s->in;
    const struct known *known = in->known;
    person->number = s->number;
    person->login = sheet_needed(s, USER, 60);
    if (*person->login && !login_is_well_formed(person->login))
        sheet_fault(s, USER, "“%s” 只能含字母、数字和 . _ - @", "\"%s\" may hold letters, digits and . _ - @ only");
    person->role = sheet_word(s, ROLE, WORDS_role, 0);
    person->unit = sheet_unit(s, UNIT);
    person->rank = sheet_word(s, RANK, WORDS_rank, RANK_MEMBER);
    person->from = sheet_moment(s, FROM, false);
    person->to = sheet_moment(s, TO, true);
    person->quiet = sheet_quiet(s, QUIET);
    if (person->to && person->to <= person->from)
        sheet_fault(s, TO, "结束时间须晚于开始时间", "the end must come after the beginning");
    struct sentence wrong;
    if (person->role && !user_role_fits(&in->reference->world, person->role, person->unit, &wrong))
        sheet_fault(s, user_role_signs_in(person->role) ? UNIT : ROLE, wrong.zh, wrong.en);
    person->is_new =
        !known->count || !bsearch(&person->login, known->logins, known->count, sizeof *known->logins, compare);
}

static bool is_administrator(const struct person *person) {
    return person->role == ROLE_ADMIN_SYSTEM || person->role == ROLE_ADMIN_SECURITY || person->role == ROLE_ADMIN_AUDIT;
}

static int compare_people(const void *a, const void *b) {
    const struct person *x = *(struct person *const *)a, *y = *(struct person *const *)b;
    int order = strcmp(x->login, y->login);
    return order ? order : x->number < y->number ? -1 : 1;
}

static void fault(struct import *in, const struct person *person, int column, const char *zh, const char *en) {
    import_fault(in, person->number, columns[column], import_printf(in, "用户 “%s”: %s", person->login, zh),
                 import_printf(in, "user \"%s\": %s", person->login, en));
}

/* The rows of one account after each other: which is the first, and none twice. */
static void find_twins(struct import *in, struct plan *plan) {
    struct person **sorted = import_take(in, plan->count, sizeof *sorted);
    for (uint32_t i = 0; i < plan->count; i++) sorted[i] = &plan->rows[i];
    qsort(sorted, plan->count, sizeof *sorted, compare_people);
    for (uint32_t i = 0, first = 0; i < plan->count; i++) {
        if (strcmp(sorted[i]->login, sorted[first]->login)) first = i;
        sorted[i]->is_first = i == first;
        if (i == first) continue;
        sorted[i]->is_new = false;
        if (is_administrator(sorted[i]) || is_administrator(sorted[first]))
            fault(in, sorted[i], ROLE, "管理员只能有一个岗位", "an administrator holds one post alone");
        for (uint32_t k = first; k < i; k++)
            if (sorted[k]->unit == sorted[i]->unit && sorted[k]->role == sorted[i]->role)
                fault(in, sorted[i], USER, "同一岗位在文件中重复", "the same post stands in the file twice");
        if (*sorted[i]->quiet && strcmp(sorted[i]->quiet, sorted[first]->quiet))
            fault(in, sorted[i], QUIET, "与第一行的免打扰时段不同", "other quiet hours than in the first row");
    }
}

static uint32_t place_of(const struct known *known, const char *login) {
    const char **found = known->count ? bsearch(&login, known->logins, known->count, sizeof login, compare) : NULL;
    return found ? (uint32_t)(found - known->logins) : known->count;
}

/* Nobody takes the role from themselves, and one security administrator stays: else nobody could make another. */
static void keep_a_guard(struct import *in, const struct plan *plan) {
    const struct known *known = in->known;
    const struct person *last = NULL;
    uint32_t guards = 0;
    for (uint32_t i = 0; i < known->count; i++) guards += known->guards[i];
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct person *person = &plan->rows[i];
        uint32_t place = place_of(known, person->login);
        bool was = place < known->count && known->guards[place],
             stays = person->role == ROLE_ADMIN_SECURITY && !person->to;
        if (!person->is_first || was == stays) continue;
        guards += stays ? 1 : -1u;
        if (stays) continue;
        last = person;
        if (!strcmp(person->login, in->call->who.name))
            fault(in, person, ROLE, "不能改变自己的角色, 也不能给自己的岗位定结束日期",
                  "nobody changes their own role, or gives their own post an end");
    }
    if (guards == 0 && last)
        fault(in, last, ROLE, "是最后一名安全管理员; 请先另设一名",
              "is the last security administrator: make another one first");
}

static void check(struct import *in) {
    struct plan *plan = in->plan = import_take(in, 1, sizeof *plan);
    struct sheet s;
    plan->passwords = ((const struct known *)in->known)->passwords;
    plan->rows = import_take(in, PEOPLE_MAX, sizeof *plan->rows);
    for (bool more = sheet_open(&s, in, columns, 3) && sheet_next(&s); more; more = sheet_next(&s)) {
        if (plan->count == PEOPLE_MAX) {
            import_fault(in, s.number, "", "人员过多", "too many people");
            break;
        }
        read_person(&s, &plan->rows[plan->count]);
        plan->count++;
    }
    sheet_close(&s);
    find_twins(in, plan);
    keep_a_guard(in, plan);
    for (uint32_t i = 0; i < plan->count; i++)
        if (plan->rows[i].is_first) *(plan->rows[i].is_new ? &in->created : &in->updated) += 1;
    plan->new_count = (uint32_t)in->created;
    if (plan->passwords && plan->new_count > PASSWORDS_MAX)
        import_fault(in, 0, "", "一次最多为 1000 个新用户生成密码; 请拆分文件",
                     "passwords are made for at most 1,000 new users at once; split the file");
}

static void on_hashed(void *context) {
    struct import *in = context;
    import_prepared(in);
}

static void prepare(struct import *in) {
    struct plan *plan = in->plan;
    uint32_t n = 0;
    if (!plan->passwords || !plan->new_count) {
        import_prepared(in);
        return;
    }
    plan->jobs = import_take(in, plan->new_count, sizeof *plan->jobs);
    for (uint32_t i = 0; i < plan->count; i++) {
        if (!plan->rows[i].is_new) continue;
        password_make(plan->rows[i].password);
        plan->jobs[n++].password = plan->rows[i].password;
    }
    if (password_hash_all(in->call->console->kit->loop, plan->jobs, n, on_hashed, in) != ERR_NONE) {
        plan->passwords = false;
        import_prepared(in); /* too busy: accounts without passwords are better than none; the answer shows it */
    }
}

static void store_posts(struct import *in, const struct plan *plan) {
    static const enum db_type types[] = {DB_TEXT, DB_INT4, DB_INT2, DB_INT2, DB_INT8, DB_INT8};
    struct db_call *drop = call_add(in->call, &DROP_POSTS), *posts = call_add(in->call, &POSTS),
                   *active = call_add(in->call, &ACTIVE);
    db_set_array(drop, 1, DB_TEXT);
    for (int i = 0; i < 6; i++) db_set_array(posts, i + 1, types[i]);
    db_set_array(active, 1, DB_TEXT), db_set_array(active, 2, DB_INT2), db_set_array(active, 3, DB_INT4);
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct person *person = &plan->rows[i];
        size_t len = strlen(person->login);
        if (person->is_first) {
            db_push_text(drop, 1, person->login, len);
            db_push_text(active, 1, person->login, len);
            db_push_int2(active, 2, (int16_t)person->role);
            db_push_int4(active, 3, (int32_t)person->unit);
        }
        if (!person->unit) continue; /* an administrator */
        db_push_text(posts, 1, person->login, len);
        db_push_int4(posts, 2, (int32_t)person->unit);
        db_push_int2(posts, 3, (int16_t)person->role);
        db_push_int2(posts, 4, (int16_t)person->rank);
        db_push_int8(posts, 5, person->from);
        db_push_int8(posts, 6, person->to);
    }
}

static void store(struct import *in) {
    const struct plan *plan = in->plan;
    struct db_call *call = call_add(in->call, &STORE);
    static const enum db_type types[] = {DB_TEXT, DB_TEXT, DB_INT2, DB_INT4};
    uint32_t n = 0;
    for (int i = 0; i < 4; i++) db_set_array(call, i + 1, types[i]);
    db_set_int8(call, 5, clock_now());
    db_set_array(call, 6, DB_TEXT);
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct person *person = &plan->rows[i];
        if (!person->is_first) continue;
        const char *hash = person->is_new && plan->jobs ? plan->jobs[n++].hash : "";
        db_push_text(call, 1, person->login, strlen(person->login));
        db_push_text(call, 2, hash, strlen(hash));
        db_push_int2(call, 3, (int16_t)person->role);
        db_push_int4(call, 4, (int32_t)person->unit);
        db_push_text(call, 6, person->quiet, strlen(person->quiet));
    }
    store_posts(in, plan);
    db_set_int8(call_add(in->call, &STAFF), 1, clock_now());
}

static void tell(struct import *in, struct json_writer *w) {
    struct plan *plan = in->plan;
    who_forget(in->call->console->who);
    json_put_open_list(w, "accounts");
    for (uint32_t i = 0; i < plan->count; i++) {
        struct person *person = &plan->rows[i];
        if (!person->is_new) continue;
        json_open(w);
        json_put_string(w, "user", person->login);
        json_put_string(w, "password", person->password[0] ? person->password : NULL);
        json_close(w);
        crypto_forget(person->password, sizeof person->password);
    }
    json_close_list(w);
}

static void on_logins(struct call *call, const struct db_reply *reply) {
    static const struct import_kind kind = {
        .name = "people", .tables = "{account,post}", .check = check, .prepare = prepare, .store = store, .tell = tell};
    const struct db_result *rows = reply->results[1];
    static const char *const words[] = {"none", NULL};
    struct known *known = call_take(call, sizeof *known);
    known->count = (uint32_t)db_rows(rows);
    known->logins = call_take(call, (known->count + 1) * sizeof *known->logins);
    known->guards = call_take(call, known->count + 1);
    known->passwords = !call_query_choice(call, "passwords", words);
    for (uint32_t i = 0; i < known->count; i++) {
        size_t len;
        known->logins[i] = call_printf(call, "%s", db_get_text(rows, (int)i, 0, &len));
        known->guards[i] = db_get_bool(rows, (int)i, 1);
    }
    import_start(call, &kind, known);
}

void import_people(struct call *call) {
    call_read(call);
    db_set_int2(call_add(call, &LOGINS), 1, ROLE_ADMIN_SECURITY);
    call_send(call, on_logins);
}
