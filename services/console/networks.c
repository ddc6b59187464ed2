/* See networks.h. */
#include "services/console/networks.h"

#include <cjson/cJSON.h>

#include "common/json.h"

static const struct db_statement NETWORKS = {"networks_list",
                                             "SELECT cidr FROM approved_network ORDER BY cidr LIMIT 256"};
/* One at a time, so that the count holds. */
static const struct db_statement ALONE = {"networks_alone",
                                          "SELECT pg_advisory_xact_lock(hashtext('approved_network'))"};
static const struct db_statement APPROVE = {
    "networks_approve", "INSERT INTO approved_network (cidr) SELECT $1::text WHERE (SELECT count(*) FROM "
                        "approved_network) < $2::int8 ON CONFLICT DO NOTHING"};
static const struct db_statement IS_APPROVED = {"networks_is_approved",
                                                "SELECT FROM approved_network WHERE cidr = $1::text"};
static const struct db_statement WITHDRAW = {"networks_withdraw",
                                             "DELETE FROM approved_network WHERE cidr = $1::text RETURNING cidr"};

size_t networks_read(const struct db_result *rows, struct netaddr_range ret_ranges[NETWORKS_MAX]) {
    size_t count = 0, len;
    for (int i = 0; i < db_rows(rows) && count < NETWORKS_MAX; i++)
        count += netaddr_range_parse(db_get_text(rows, i, 0, &len), &ret_ranges[count]) == ERR_NONE;
    return count;
}

void networks_ask(struct call *call) {
    call_add(call, &NETWORKS);
}

static void on_networks(struct call *call, const struct db_reply *reply) {
    const struct db_result *rows = reply->results[1];
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_open_list(w, "networks");
    for (int i = 0; i < db_rows(rows); i++) {
        size_t len;
        json_open(w);
        json_put_string(w, "cidr", db_get_text(rows, i, 0, &len));
        json_close(w);
    }
    json_close_list(w);
    json_close(w);
    call_answer(call, 200);
}

void networks_get(struct call *call) {
    call_read(call);
    networks_ask(call);
    call_send(call, on_networks);
}

static void on_approved(struct call *call, const struct db_reply *reply) {
    if (!db_rows(reply->results[3])) {
        call_problem(
            call, 409, "已批准 256 个网段, 达到上限; 请先撤销不再需要的, 或批准更大的网段 (不大于 /16)",
            "256 networks are approved, which is as many as are looked at: withdraw one that is not needed any "
            "more, or approve a wider one (at most a /16)");
        return;
    }
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_string(w, "cidr", call->self);
    json_close(w);
    call_answer(call, 201);
}

void networks_post(struct call *call) {
    const char *cidr = "";
    struct netaddr_range range;
    cJSON *tree = call_json_body(call);
    if (!tree) return;
    if (json_get_text(tree, "cidr", &cidr) != ERR_NONE || netaddr_range_parse(cidr, &range) != ERR_NONE)
        call_wrong(call, "/cidr", "须为网段, 如 10.1.0.0/16", "must be a range such as 10.1.0.0/16");
    else if (!netaddr_range_is_approvable(&range))
        call_wrong(call, "/cidr", "须为内网网段, 不大于 /16 (IPv6 /48); 公网地址无须批准, 链路本地地址不能批准",
                   "must lie in private address space and be no wider than /16 (IPv6 /48); public addresses need no "
                   "approval, link-local ones get none");
    if (call_is_wrong(call, 422)) return;
    call->self = (void *)cidr;
    call_transact(call);
    call_add(call, &ALONE);
    struct db_call *approve = call_add(call, &APPROVE);
    db_set_string(approve, 1, cidr);
    db_set_int8(approve, 2, NETWORKS_MAX);
    db_set_string(call_add(call, &IS_APPROVED), 1, cidr);
    call_audit(call, "network_approve", cidr, "asked", NULL);
    call_send(call, on_approved);
}

static void on_withdrawn(struct call *call, const struct db_reply *reply) {
    if (db_rows(reply->results[1]))
        call_answer_nothing(call);
    else
        call_not_found(call);
}

void networks_delete(struct call *call) {
    const char *cidr = http_query(call->request, "cidr");
    struct netaddr_range range;
    if (netaddr_range_parse(cidr, &range) != ERR_NONE) {
        call_wrong(call, "cidr", "须为网段, 如 10.1.0.0/16", "must be a range such as 10.1.0.0/16");
        call_is_wrong(call, 400);
        return;
    }
    call_transact(call);
    db_set_string(call_add(call, &WITHDRAW), 1, cidr);
    call_audit(call, "network_withdraw", cidr, "asked", NULL);
    call_send(call, on_withdrawn);
}
