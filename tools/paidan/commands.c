/* THE table of commands: parsing, help and running all go by it. */
#include "tools/paidan/commands.h"

#define END                                                                                                            \
    { NULL, NULL, NULL, NULL }

static const struct cli_option submit_options[] = {
    {"source", "CODE", "来源 (默认 hotline-12345)", "source (hotline-12345 otherwise)"},
    {"id", "TEXT", "来源方编号, 必填; 重发用同一编号", "the source's own id, required; a repeat carries the same one"},
    {"title", "TEXT", "标题", "title"},
    {"description", "TEXT", "内容", "description"},
    {"matter", "CODE", "事项, 六位数字", "matter, six digits"},
    {"urgency", "WORD", "danger urgent normal complex", "danger urgent normal complex"},
    {"channel", "WORD", "渠道", "channel"},
    {"lon", "DEGREES", "经度", "longitude"},
    {"lat", "DEGREES", "纬度", "latitude"},
    {"address", "TEXT", "地址", "address"},
    {"grid", "CODE", "网格", "grid"},
    {"name", "TEXT", "诉求人姓名", "requester's name"},
    {"phone", "TEXT", "诉求人电话", "requester's phone"},
    {"confidential", NULL, "诉求人要求保密", "the requester asks to stay unknown"},
    {"occurred-at", "TIME", "发生时间", "when it happened"},
    {"batch", NULL, "文件每行一件 (NDJSON)", "the file holds one request a line (NDJSON)"},
    END};

static const struct cli_option attachment_options[] = {{"thumbnail", NULL, "只取缩略图", "only its thumbnail"}, END};

static const struct cli_option queue_options[] = {
    {"state", "STATE", "只看此状态", "only this state"},
    {"limit", "N", "每页条数", "tickets a page"},
    {"all", NULL, "全部 (含空队列, 或所有页)", "all of them (empty queues too, or every page)"},
    END};

static const struct cli_option ticket_options[] = {{"history", NULL, "经过", "its history"}, END};

#define ACT_OPTIONS                                                                                                    \
    {"reason", "TEXT", "原因; 退单为 not_our_duty other_place not_enough law_court other_level",                       \
     "reason; of a return: not_our_duty other_place not_enough law_court other_level"},                                \
        {"basis", "TEXT", "法律或职责依据", "legal basis"}, {"note", "TEXT", "内部说明", "internal note"},             \
        {"answer", "TEXT", "公开答复", "public answer"}, {"unit", "CODE", "单位", "unit"},                             \
        {"units", "CODE,CODE", "多个单位", "several units"},                                                           \
        {"until", "TIME", "到什么时间 (2026-11-21T17:00:00+08:00)", "until when (2026-11-21T17:00:00+08:00)"},         \
        {"matter", "CODE", "事项", "matter"}, {"urgency", "WORD", "紧急程度", "urgency"},                              \
        {"place", "CODE", "地点单位", "unit of the place"}, {"other", "TICKET", "另一张工单", "the other ticket"},     \
        {"request", "REQUEST", "诉求编号", "request"},                                                                 \
        {"rung", "WORD", "warning yellow_card red_card", "warning yellow_card red_card"},                              \
        {"card", "N", "牌号, 见 paidan ticket", "number of the card, see paidan ticket"},                              \
        {"score", "1-5", "评分", "score"},                                                                             \
        {"result", "WORD", "办理结果 solved partly explained not_possible",                                            \
         "how the work ended: solved partly explained not_possible"},                                                  \
        {"to", "CODE", "转往的外部系统", "the outside system it goes to"},                                             \
        {"satisfied", NULL, "诉求人满意", "the requester is satisfied"}, {                                             \
        "key", "TEXT", "幂等键: 同一键重复执行不会办两次", "idempotency key: the same again does nothing twice"        \
    }

static const struct cli_option do_options[] = {
    ACT_OPTIONS,
    {"assignment", "N", "派单序号", "assignment"},
    {"version", "N", "仅当工单仍是此版本", "only if the ticket is still at this version"},
    END};
static const struct cli_option do_many_options[] = {
    ACT_OPTIONS,
    {"from", "FILE", "文件每行一个工单编号, - 为标准输入", "a file with a ticket number a line, - is standard input"},
    END};

static const struct cli_option import_options[] = {{"dry-run", NULL, "只检查, 不保存", "check, store nothing"}, END};
static const struct cli_option mapping_options[] = {
    {"followup", NULL, "报文是后续消息", "the body is a follow-up message"}, END};
static const struct cli_option preview_options[] = {
    {"csv", NULL, "输出 CSV, 每个期限一行", "as CSV, a row each"},
    {"all", NULL, "列出全部 (默认前 50 个)", "list all of them (the first 50 otherwise)"},
    END};
static const struct cli_option show_options[] = {
    {"limit", "LIMIT", "试算时限, 如 7wd", "work out a limit, such as 7wd"},
    {"from", "TIME", "从何时起算 (默认现在)", "from when (now otherwise)"},
    END};
static const struct cli_option rule_preview_options[] = {
    {"at", "DATE", "按这一天生效的规则", "by the rules in force on that day"}, END};
static const struct cli_option rule_import_options[] = {{"dry-run", NULL, "只检查, 不保存", "check, store nothing"},
                                                        {"reroute", NULL, "先预览, 导入后改派预览所列未签收的工单",
                                                         "preview first, then move the unsigned tickets it named"},
                                                        END};
static const struct cli_option rule_test_options[] = {
    {"title", "TEXT", "标题", "title"},
    {"description", "TEXT", "内容", "description"},
    {"matter", "CODE", "事项, 六位数字", "matter, six digits"},
    {"place", "CODE", "地点单位", "unit of the place"},
    {"channel", "WORD", "渠道", "channel"},
    {"source", "CODE", "来源", "source"},
    {"at", "TIME", "收到的时间 (默认现在)", "when it is received (now otherwise)"},
    END};
static const struct cli_option token_options[] = {
    {"unit", "CODE", "单位 (有办理权限的角色必填)", "unit (for roles that act)"},
    {"sources", "CODE,CODE", "可代表的来源 (integration)", "sources it may push for (integration)"},
    {"expires", "TIME", "有效至", "until when it is valid"},
    END};
static const struct cli_option endpoint_options[] = {
    {"unit", "CODE", "推送此单位及其下级的工单事件", "events of tickets of this unit and those below it"},
    {"source", "CODE", "推送此来源诉求的事件", "events of this source's requests"},
    {"events", "WORD,WORD", "只推送这些事件", "only these events"},
    {"matters", "CODE,CODE", "只推送这些事项 (2、4 或 6 位)", "only these matters (2, 4 or 6 digits)"},
    END};
static const struct cli_option carrier_options[] = {
    {"secret", "FILE", "密钥或口令所在的文件, - 为标准输入; 不给则沿用原来的",
     "the file with its secret, - is standard input; without it the old one stays"},
    {"new-receipts", NULL, "状态报告换用新密钥", "make a new secret for its receipts"},
    END};
static const struct cli_option way_options[] = {
    {"user", "LOGIN", "这个用户的", "of this user"}, {"unit", "CODE", "这个单位值守席的", "of this unit's desk"}, END};
static const struct cli_option template_options[] = {
    {"subject", "TEXT", "标题 (邮件)", "subject (of a mail)"}, {"text", "TEXT", "文字", "text"}, END};
static const struct cli_option template_preview_options[] = {
    {"language", "WORD", "zh 或 en (默认两种)", "zh or en (both otherwise)"},
    {"carrier", "NAME", "向这个通道会发出什么", "what this carrier would be asked"},
    {"subject", "TEXT", "试用这个标题", "try this subject"},
    {"text", "TEXT", "试用这段文字", "try this text"},
    END};
static const struct cli_option letters_options[] = {
    {"state", "WORD", "waiting, sent, delivered, read, taken, unconfirmed, dead, discarded",
     "waiting, sent, delivered, read, taken, unconfirmed, dead, discarded"},
    END};
static const struct cli_option rotate_options[] = {{"overlap", "HOURS",
                                                    "旧密钥继续并用的小时数 (默认 24; 0 为立即停用)",
                                                    "hours the old secret signs along (24 otherwise; 0 ends it now)"},
                                                   END};
static const struct cli_option audit_options[] = {
    {"from", "TIME", "从", "from"},       {"to", "TIME", "到", "to"},
    {"action", "WORD", "操作", "action"}, {"user", "ID", "用户编号", "number of the user"},
    {"object", "TEXT", "对象", "object"}, END};
static const struct cli_option figures_options[] = {
    {"period", "PERIOD", "2026, 2026-11, 2026-W47 或 2026-11-22 (默认本月)",
     "2026, 2026-11, 2026-W47 or 2026-11-22 (this month otherwise)"},
    {"from", "DATE", "从这一天起", "from this day on"},
    {"to", "DATE", "到这一天之前", "up to the start of this day"},
    {"by", "WORD", "按 unit matter channel 分组", "a row for each unit, matter or channel"},
    {"kind", "WORD", "按单位分组时只列此类单位, 如 street", "by unit: units of this kind, such as street"},
    {"each", "WORD", "按 day week month 分段", "a row for each day, week or month"},
    {"matter", "CODE", "只计此事项 (2、4 或 6 位)", "of this matter alone (2, 4 or 6 digits)"},
    {"channel", "WORD", "只计此渠道", "of this channel alone"},
    {"explain", "RATE", "一项指标的公式、权重和工单", "a rate's formula, weights and tickets"},
    {"part", "WORD", "与 --explain 同用: denominator numerator missed",
     "with --explain: denominator, numerator or missed"},
    {"recompute", NULL, "由事件重算并核对", "count anew from the events, and compare"},
    {"csv", NULL, "输出 CSV", "as CSV"},
    END};
static const struct cli_option reconcile_options[] = {
    {"source", "SOURCE", "来源 (默认 hotline-12345)", "the source (hotline-12345 otherwise)"},
    {"date", "DATE", "哪一天 (默认今天)", "the day (today otherwise)"},
    END};
static const struct cli_option events_options[] = {
    {"cursor", "CURSOR", "从上次给出的游标之后起 (默认从头)",
     "behind the cursor told last time (from the first one otherwise)"},
    {"limit", "N", "每次最多领取几个", "how many at a time"},
    {"follow", NULL, "领完后继续等待, 直到中断", "wait for more, until interrupted"},
    END};
static const struct cli_option database_options[] = {
    {"database", "CONNINFO", "libpq 连接串 (或 PAIDAN_DATABASE)", "libpq connection string (or PAIDAN_DATABASE)"}, END};

#define IMPORT(word, what_zh, what_en, account)                                                                        \
    {word " import", "FILE", 1, 1, run_import, import_options, account, "导入" what_zh, "load " what_en}, {            \
        word " export", "[FILE]", 0, 1, run_export, NULL, account, "导出" what_zh, "write out " what_en                \
    }

const struct cli_command cli_commands[] = {
    {"submit", "[FILE]", 0, 1, run_submit, submit_options, "hotline",
     "报送诉求 (选项, 或 JSON / NDJSON 文件, - 为标准输入)",
     "push a request (by options, or a JSON or NDJSON file, - is standard input)"},
    {"queue", "[UNIT]", 0, 1, run_queue, queue_options, "readonly", "实时队列: 各单位, 或一个单位的工单",
     "live queues: of all units, or one unit's tickets"},
    {"ticket", "TICKET", 1, 1, run_ticket, ticket_options, "readonly", "查看工单", "show a ticket"},
    {"explain", "TICKET", 1, 1, run_explain, NULL, "readonly", "为什么派到这里, 时限怎么算的",
     "why it went there, and how its deadlines came about"},
    {"similar", "TICKET", 1, 1, run_similar, NULL, "readonly", "可能重复的工单, 附评分和理由",
     "tickets that may be the same thing, with a score and why"},
    {"do", "TICKET COMMAND", 2, 2, run_do, do_options, "operator", "办理工单, 如 sign return finish pass solved",
     "act on a ticket: sign, return, finish, pass, solved, ..."},
    {"do-many", "COMMAND [TICKET...]", 1, CLI_ARGS_MAX, run_do_many, do_many_options, "operator",
     "批量办理工单, 逐张报告结果", "act on many tickets; each has its own outcome"},
    {"reconcile", "FILE", 1, 1, run_reconcile, reconcile_options, "hotline", "与对方的清单 (CSV) 对账, 列出每一处不同",
     "compare with the other side's list (CSV) and tell exactly what differs"},
    {"events", "", 0, 0, run_events, events_options, "hotline", "按游标领取事件 (与回调内容相同), 最后给出新游标",
     "fetch what happened behind a cursor (what webhooks carry), and the next cursor"},
    {"figures", "[UNIT]", 0, 1, run_figures, figures_options, "operator", "统计: 全区或一个单位",
     "figures of the district or of a unit"},
    {"figures verify", "", 0, 0, run_figures_verify, database_options, NULL, "由全部事件重算统计并核对 (直接读数据库)",
     "count all figures anew from the log and compare (reads the database)"},
    {"figures restart", "", 0, 0, run_figures_restart, NULL, "admin-system", "统计由事件全部重算",
     "have the figures counted anew"},
    {"user add", "LOGIN ROLE [UNIT]", 2, 3, run_user_add, NULL, "admin-security", "新增用户, 显示一次性口令",
     "add a user; its password is shown once"},
    {"user list", "", 0, 0, run_user_list, NULL, "admin-security", "用户列表", "list users"},
    {"user disable", "LOGIN", 1, 1, run_user_disable, NULL, "admin-security", "停用用户", "disable a user"},
    {"user enable", "LOGIN", 1, 1, run_user_enable, NULL, "admin-security", "启用用户", "enable a user again"},
    {"token create", "NAME ROLE", 2, 2, run_token_create, token_options, "admin-security", "新建令牌, 只显示一次",
     "make a token; it is shown once"},
    {"token list", "", 0, 0, run_token_list, NULL, "admin-security", "令牌列表", "list tokens"},
    {"token revoke", "NAME", 1, 1, run_token_revoke, NULL, "admin-security", "撤销令牌", "revoke a token"},
    {"bus-key add", "NAME TOKEN PUBLIC-KEY", 3, 3, run_bus_key_add, NULL, "admin-security",
     "登记总线公钥; 显示地址和服务端公钥", "register a system's key on the bus; tells its address and server key"},
    {"bus-key list", "", 0, 0, run_bus_key_list, NULL, "admin-security", "总线公钥列表", "list keys on the bus"},
    {"bus-key remove", "NAME", 1, 1, run_bus_key_remove, NULL, "admin-security", "撤销总线公钥", "withdraw a key"},
    IMPORT("unit", "单位", "units", "admin-system"),
    IMPORT("area", "网格边界 (GeoJSON)", "areas of grids (GeoJSON)", "admin-system"),
    IMPORT("matter", "事项目录", "the matter catalogue", "admin-system"),
    IMPORT("policy", "时限规则", "policies", "admin-system"),
    IMPORT("calendar", "工作日历", "a working calendar", "admin-system"),
    IMPORT("admission", "社区准入清单", "the admission list", "admin-system"),
    IMPORT("place", "地名", "place names", "admin-system"),
    IMPORT("source", "来源", "sources", "admin-system"),
    IMPORT("score", "计分规则", "how rates are weighed", "admin-system"),
    IMPORT("people", "用户和岗位", "people and the posts they hold", "admin-security"),
    IMPORT("organisation", "机构调整", "changes of units with their effective dates", "admin-system"),
    IMPORT("roster", "值班表", "rosters: who is on which desk", "admin-system"),
    {"source mapping import", "FILE", 1, 1, run_mapping_import, import_options, "admin-system",
     "导入一个来源的字段对照 (JSON)", "load how a source says things (JSON)"},
    {"source mapping show", "[SOURCE]", 0, 1, run_mapping_show, NULL, "admin-system", "各来源的字段对照",
     "how sources say things"},
    {"source mapping preview", "FILE SAMPLE", 2, 2, run_mapping_preview, mapping_options, "admin-system",
     "试用字段对照: 对方的报文变成什么, 不保存",
     "try a mapping file: what a body of theirs becomes; nothing is stored"},
    {"source mapping remove", "SOURCE", 1, 1, run_mapping_remove, NULL, "admin-system", "删除一个来源的字段对照",
     "let a source speak our own words again"},
    {"calendar preview", "FILE", 1, 1, run_preview, preview_options, "admin-system", "试看: 载入后哪些在办期限会变",
     "which open deadlines a calendar file would move; nothing is stored"},
    {"policy preview", "FILE", 1, 1, run_preview, preview_options, "admin-system", "试看: 载入后哪些在办期限会变",
     "which open deadlines a policy file would move; nothing is stored"},
    {"calendar show", "FILE", 1, 1, run_calendar_show, show_options, NULL, "不导入, 先看日历文件的含义",
     "what a calendar file means, before it is loaded"},
    {"rule list", "[NUMBER]", 0, 1, run_rule_list, NULL, "admin-system", "派单规则, 或一条规则的历次版本",
     "routing rules, or every version of one"},
    {"rule preview", "FILE", 1, 1, run_rule_preview, rule_preview_options, "admin-system",
     "导入前看哪些工单会派往别处 (在办的和近 30 天的)",
     "which tickets would have gone elsewhere (open ones and the last 30 days'), before it is loaded"},
    {"rule import", "FILE", 1, 1, run_rule_import, rule_import_options, "admin-system", "导入派单规则",
     "load routing rules"},
    {"rule export", "[FILE]", 0, 1, run_export, NULL, "admin-system", "导出派单规则", "write out routing rules"},
    {"rule test", "[TITLE]", 0, 1, run_rule_test, rule_test_options, "admin-system", "一件诉求按现行规则派往何处",
     "where the rules in force send a request"},
    {"rule drafts", "", 0, 0, run_rule_drafts, NULL, "admin-system", "由裁定拟定的规则",
     "rules that adjudications propose"},
    {"verify", "", 0, 0, run_verify, database_options, NULL, "校验哈希链并重放全部事件 (直接读数据库)",
     "check the hash chains and replay every event (reads the database)"},
    {"rebuild", "", 0, 0, run_rebuild, NULL, "admin-system", "重建实时队列", "rebuild the live queues"},
    {"attachment put", "FILE...", 1, 10, run_attachment_put, NULL, "operator", "上传照片和文件, 给出编号",
     "upload photos and papers; prints their ids"},
    {"attachment get", "ID [FILE]", 1, 2, run_attachment_get, attachment_options, "operator", "取回一个附件",
     "fetch a file"},
    {"attachment list", "TICKET", 1, 1, run_attachment_list, NULL, "operator", "一张工单的附件",
     "a ticket's files: of its requests and of its steps"},
    {"deadletter list", "", 0, 0, run_deadletter_list, NULL, "admin-system", "死信列表", "list dead letters"},
    {"deadletter replay", "ID", 1, 1, run_deadletter_replay, NULL, "admin-system", "重新发送死信",
     "send a dead letter again"},
    {"deadletter discard", "ID", 1, 1, run_deadletter_discard, NULL, "admin-system", "放弃死信",
     "discard a dead letter"},
    {"deadletter correct", "ID ENDPOINT", 2, 2, run_deadletter_correct, NULL, "admin-system", "改投死信并重新发送",
     "send a dead letter to another endpoint of the same source or unit"},
    {"carrier list", "", 0, 0, run_carrier_list, NULL, "admin-system", "通道列表: 短信网关、邮件服务器、群机器人",
     "list what carries letters to people: SMS gateways, mail servers, robots"},
    {"carrier set", "NAME FILE", 2, 2, run_carrier_set, carrier_options, "admin-system", "新建或修改通道 (JSON)",
     "make or change a carrier (JSON)"},
    {"carrier remove", "NAME", 1, 1, run_carrier_remove, NULL, "admin-system", "删除通道", "remove a carrier"},
    {"way list", "", 0, 0, run_way_list, way_options, "admin-security", "一个用户或单位值守席的告知方式",
     "how a user or a unit's desk is told"},
    {"way set", "[CARRIER:ADDRESS ...]", 0, 5, run_way_set, way_options, "admin-security",
     "设定告知方式, 按先后次序; 不给则全部取消", "set how, in this order; without any none is left"},
    {"template list", "", 0, 0, run_template_list, NULL, "admin-system", "外发消息的文字模板", "the texts of letters"},
    {"template preview", "NAME", 1, 1, run_template_preview, template_preview_options, "admin-system",
     "试看模板, 不保存也不发送", "what a letter would look like; nothing is kept or sent"},
    {"template set", "NAME LANGUAGE", 2, 2, run_template_set, template_options, "admin-system", "修改模板",
     "change a text"},
    {"template reset", "NAME LANGUAGE", 2, 2, run_template_reset, NULL, "admin-system", "恢复内置模板",
     "take the built-in text again"},
    {"letters", "", 0, 0, run_letters, letters_options, "admin-system", "外发消息列表", "letters to people"},
    {"letter", "ID", 1, 1, run_letter, NULL, "admin-system", "一条外发消息的历次发送和回执",
     "a letter's attempts and receipts"},
    {"endpoint add", "NAME URL", 2, 2, run_endpoint_add, endpoint_options, "admin-system", "新增推送地址",
     "add a webhook endpoint"},
    {"endpoint list", "", 0, 0, run_endpoint_list, NULL, "admin-system", "推送地址列表", "list webhook endpoints"},
    {"endpoint pause", "NAME", 1, 1, run_endpoint_pause, NULL, "admin-system", "暂停推送", "pause an endpoint"},
    {"endpoint resume", "NAME", 1, 1, run_endpoint_resume, NULL, "admin-system", "恢复推送", "let an endpoint go on"},
    {"endpoint verify", "NAME", 1, 1, run_endpoint_verify, NULL, "admin-system", "立即发送验证, 显示对方的应答",
     "send the challenge now, and tell what the endpoint said"},
    {"endpoint test", "NAME", 1, 1, run_endpoint_test, NULL, "admin-system", "立即发送测试事件, 显示对方的应答",
     "send a test event now, and tell what the endpoint said"},
    {"endpoint rotate", "NAME", 1, 1, run_endpoint_rotate, rotate_options, "admin-system",
     "更换签名密钥, 新旧并用一段时间", "a new signing secret; for a while the old one signs as well"},
    {"endpoint attempts", "NAME", 1, 1, run_endpoint_attempts, NULL, "admin-system", "最近的投递记录",
     "the last attempts at an endpoint"},
    {"endpoint remove", "NAME", 1, 1, run_endpoint_remove, NULL, "admin-system", "删除推送地址, 待发的投递随之作废",
     "remove an endpoint; what waits for it is discarded"},
    {"network list", "", 0, 0, run_network_list, NULL, "admin-security", "已批准的内网网段",
     "private networks that endpoints may lie in"},
    {"network approve", "CIDR", 1, 1, run_network_approve, NULL, "admin-security", "批准推送到此内网网段",
     "let endpoints lie in this private network"},
    {"network withdraw", "CIDR", 1, 1, run_network_withdraw, NULL, "admin-security", "撤回网段", "withdraw a network"},
    {"audit", "", 0, 0, run_audit, audit_options, "admin-audit", "审计记录", "the audit log"},
    {"status", "", 0, 0, run_status, NULL, "admin-system", "运行状态", "how the system runs"},
    {"setup-code", "", 0, 0, run_setup_code, database_options, NULL, "生成一次性设置码 (须能登录数据库)",
     "make the one-time setup code (needs the database)"},
    {"setup", "CODE LOGIN", 2, 2, run_setup, NULL, NULL, "用设置码建立第一个安全管理员 (口令在 PAIDAN_PASSWORD)",
     "make the first security administrator with the code (password in PAIDAN_PASSWORD)"},
    {"key create", "FILE", 1, 1, run_key_create, NULL, NULL, "生成个人信息密钥文件",
     "make the key file of personal fields"},
    {NULL, NULL, 0, 0, NULL, NULL, NULL, NULL, NULL}};
