/* people.csv: accounts. New ones get a random password, told once in the answer (?passwords=none: none, they cannot sign in until
 * one is given); those that exist get role and unit of the file and keep their password. Nobody is removed. */
#include <stdlib.h>
#include <string.h>

#include "proto/must.h"
#include "services/console/import.h"
#include "services/console/password.h"
#include "services/console/session.h"
#include "services/console/sheet.h"
#include "services/console/users.h"

enum { USER, ROLE, UNIT };
static const char *const columns[] = {"user", "role", "unit", NULL};
enum { PEOPLE_MAX = 5000, PASSWORDS_MAX = 1000 };

struct person {
    const char *login;
    size_t number;
    int role;
    uint32_t unit;
    bool is_new;
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
    uint32_t count;
    bool passwords;
};

static const struct db_statement LOGINS = {"import_people_logins",
                                           "SELECT login FROM account ORDER BY login COLLATE \"C\""};
static const struct db_statement STORE = {
    "import_people",
    "INSERT INTO account (login, password, role, unit, created_at) SELECT l, p, r, nullif(u, 0), $5::int8 FROM "
    "unnest($1::text[], $2::text[], $3::int2[], $4::int4[]) AS a (l, p, r, u) ON CONFLICT (login) DO UPDATE SET "
    "role = excluded.role, unit = excluded.unit"};
static const struct db_statement STAFF = {"import_people_staff", "SELECT staffed_refresh(array(SELECT id FROM unit))"};

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
    struct sentence wrong;
    if (person->role && !user_role_fits(&in->reference->world, person->role, person->unit, &wrong))
        sheet_fault(s, person->unit ? UNIT : ROLE, wrong.zh, wrong.en);
    person->is_new =
        !known->count || !bsearch(&person->login, known->logins, known->count, sizeof *known->logins, compare);
}

static void find_twins(struct import *in, const struct plan *plan) {
    const char **sorted = import_take(in, plan->count, sizeof *sorted);
    for (uint32_t i = 0; i < plan->count; i++) sorted[i] = plan->rows[i].login;
    qsort(sorted, plan->count, sizeof *sorted, compare);
    for (uint32_t i = 1; i < plan->count; i++)
        if (*sorted[i] && !strcmp(sorted[i], sorted[i - 1]))
            import_fault(in, 0, "", import_printf(in, "用户 “%s” 在文件中重复", sorted[i]),
                         import_printf(in, "user \"%s\" stands in the file twice", sorted[i]));
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
        *(plan->rows[plan->count].is_new ? &in->created : &in->updated) += 1;
        plan->count++;
    }
    sheet_close(&s);
    find_twins(in, plan);
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

static void store(struct import *in) {
    const struct plan *plan = in->plan;
    struct db_call *call = call_add(in->call, &STORE);
    static const enum db_type types[] = {DB_TEXT, DB_TEXT, DB_INT2, DB_INT4};
    uint32_t n = 0;
    for (int i = 0; i < 4; i++) db_set_array(call, i + 1, types[i]);
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct person *person = &plan->rows[i];
        const char *hash = person->is_new && plan->jobs ? plan->jobs[n++].hash : "";
        db_push_text(call, 1, person->login, strlen(person->login));
        db_push_text(call, 2, hash, strlen(hash));
        db_push_int2(call, 3, (int16_t)person->role);
        db_push_int4(call, 4, (int32_t)person->unit);
    }
    db_set_int8(call, 5, clock_now());
    call_add(in->call, &STAFF);
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
        .name = "people", .check = check, .prepare = prepare, .store = store, .tell = tell};
    const struct db_result *rows = reply->results[1];
    static const char *const words[] = {"none", NULL};
    struct known *known = call_take(call, sizeof *known);
    known->count = (uint32_t)db_rows(rows);
    known->logins = call_take(call, (known->count + 1) * sizeof *known->logins);
    known->passwords = !call_query_choice(call, "passwords", words);
    for (uint32_t i = 0; i < known->count; i++) {
        size_t len;
        known->logins[i] = call_printf(call, "%s", db_get_text(rows, (int)i, 0, &len));
    }
    import_start(call, &kind, known);
}

void import_people(struct call *call) {
    call_read(call);
    call_add(call, &LOGINS);
    call_send(call, on_logins);
}
