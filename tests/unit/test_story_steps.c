/* Stories of the steps that are taken less often: a unit's own review, callers of a merge, outside systems. */
#include "tests/unit/story.h"

/* a line of the diary is a line of the file */
/* clang-format off */

static void test_a_unit_reviews_its_own_work(void **state) {
    SHOWS("L41 L14");
    received("2026-03-02 09:00", MATTER_SIGN, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, OPERATOR, DISPATCH, .unit = HOUSING, BECAUSE("涉及违建"));
    DO(&city, 1, HOUSING_CLERK, SIGN);
    DO(&city, 1, HOUSING_CLERK, CONTACT, .note = TEXT("已电话联系"));
    until(&city, "2026-03-03 10:00");
    DO(&city, 1, HOUSING_CLERK, FINISH, .answer = TEXT("已拆除"));
    DO(&city, 1, HOUSING_CLERK, GRANT_FINISH);
    DO(&city, 1, HOUSING_CLERK, FINISH, .answer = TEXT("已拆除"));
    DO(&city, 1, HOUSING_LEADER, REFUSE_FINISH);
    DO(&city, 1, HOUSING_LEADER, REFUSE_FINISH, BECAUSE("缺照片"));
    until(&city, "2026-03-03 14:00");
    DO(&city, 1, HOUSING_CLERK, FINISH, .answer = TEXT("已拆除, 附照片"), .result = RESULT_PARTLY);
    DO(&city, 1, HOUSING_LEADER, GRANT_FINISH);
    reads(&city,
          "2026-03-02 周一 09:00  指挥中心  已派单 → 住建局：涉及违建\n"
          "        【待签收】住建局：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  住建局  已签收\n"
          "        【处置中】住建局：联系诉求人，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 09:00  住建局  已联系诉求人\n"
          "        【处置中】住建局：办理并答复，2026-03-11 周三 09:00 前\n"
          "2026-03-03 周二 10:00  住建局  已报内部审核\n"
          "        【处置中】住建局：审核办结，2026-03-11 周三 09:00 前\n"
          "2026-03-03 周二 10:00  住建局  要同意办结，不行：不能审批自己的申请（L12）\n"
          "2026-03-03 周二 10:00  住建局  要办结，不行：已有一项申请待审批（L15）\n"
          "2026-03-03 周二 10:00  住建局  要不同意办结，不行：请写明原因（L6）\n"
          "2026-03-03 周二 10:00  住建局  审核不同意办结：缺照片\n"
          "        【处置中】住建局：办理并答复，2026-03-11 周三 09:00 前\n"
          "2026-03-03 周二 14:00  住建局  已报内部审核（部分解决）\n"
          "        【处置中】住建局：审核办结，2026-03-11 周三 09:00 前\n"
          "2026-03-03 周二 14:00  住建局  已办结\n"
          "        【待核查】米市社区：核查，2026-03-05 周四 14:00 前\n");
}

/* What was asked before is withdrawn: the unit finishes rather than waits. */
static void test_a_review_withdraws_an_extension(void **state) {
    SHOWS("L41");
    received("2026-03-02 09:00", MATTER_SIGN, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, OPERATOR, DISPATCH, .unit = HOUSING, BECAUSE("涉及违建"));
    DO(&city, 1, HOUSING_CLERK, SIGN);
    DO(&city, 1, HOUSING_CLERK, CONTACT, .note = TEXT("已电话联系"));
    DO(&city, 1, HOUSING_CLERK, ASK_EXTENSION, BECAUSE("要等材料"), .until = at("2026-03-20 17:00"));
    DO(&city, 1, HOUSING_CLERK, FINISH, .answer = TEXT("已拆除"));
    DO(&city, 1, OPERATOR, GRANT_EXTENSION);
    DO(&city, 1, HOUSING_LEADER, ASK_EXTENSION, BECAUSE("要等材料"), .until = at("2026-03-20 17:00"));
    DO(&city, 1, SUPERVISOR, GRANT_FINISH);
    reads(&city,
          "2026-03-02 周一 09:00  指挥中心  已派单 → 住建局：涉及违建\n"
          "        【待签收】住建局：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  住建局  已签收\n"
          "        【处置中】住建局：联系诉求人，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 09:00  住建局  已联系诉求人\n"
          "        【处置中】住建局：办理并答复，2026-03-11 周三 09:00 前\n"
          "2026-03-02 周一 09:00  住建局  已申请延期，至 2026-03-20 周五 17:00：要等材料\n"
          "        【处置中】指挥中心：审批延期，2026-03-11 周三 09:00 前\n"
          "2026-03-02 周一 09:00  住建局  已报内部审核\n"
          "        【处置中】住建局：审核办结，2026-03-11 周三 09:00 前\n"
          "2026-03-02 周一 09:00  指挥中心  要同意延期，不行：没有待审批的申请（L15）\n"
          "2026-03-02 周一 09:00  住建局  要申请延期，不行：已有一项申请待审批（L15）\n"
          "2026-03-02 周一 09:00  督导  已办结 → 住建局\n"
          "        【待核查】米市社区：核查，2026-03-04 周三 09:00 前\n");
}

static void two_callers_of_one_heap(void) {
    city.quiet = true;
    come_in(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    come_in(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    city.quiet = false;
    DO(&city, 2, OPERATOR, MERGE, .other = 1);
    DO(&city, 1, GRID_WORKER, SIGN);
    DO(&city, 1, GRID_WORKER, CONTACT, .note = TEXT("两位都已联系"));
    DO(&city, 1, GRID_WORKER, FINISH, .answer = TEXT("已清运"));
    DO(&city, 1, COMMUNITY_CLERK, PASS);
}

static void test_the_second_caller_is_not_content(void **state) {
    SHOWS("L40 L22 L20");
    begin("2026-03-02 09:00");
    two_callers_of_one_heap();
    DO(&city, 1, HOTLINE, SOLVED, .satisfied = true);
    DO(&city, 2, HOTLINE, UNSOLVED, BECAUSE("我家门口还有"));
    DO(&city, 2, HOTLINE, SOLVED);
    DO(&city, 1, GRID_WORKER, FINISH, .answer = TEXT("已全部清运"));
    DO(&city, 1, COMMUNITY_CLERK, PASS);
    DO(&city, 2, HOTLINE, SOLVED, .satisfied = true);
    DO(&city, 2, HOTLINE, SOLVED, .satisfied = true);
    DO(&city, 1, HOTLINE, SOLVED, .satisfied = true);
    reads(&city,
          "2026-03-02 周一 09:00  指挥中心  已并入（第 1 号）\n"
          "2026-03-02 周一 09:00  指挥中心  并入一单（第 2 号）\n"
          "2026-03-02 周一 09:00  米市一网格  已签收\n"
          "        【处置中】米市一网格：联系诉求人，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 09:00  米市一网格  已联系诉求人\n"
          "        【处置中】米市一网格：办理并答复，2026-03-11 周三 09:00 前\n"
          "2026-03-02 周一 09:00  米市一网格  已办结\n"
          "        【待核查】米市社区：核查，2026-03-04 周三 09:00 前\n"
          "2026-03-02 周一 09:00  米市社区  核查通过 → 米市一网格\n"
          "        【待回访】指挥中心：回访，2026-03-04 周三 09:00 前\n"
          "2026-03-02 周一 09:00  热线  回访: 已解决 → 米市一网格\n"
          "2026-03-02 周一 09:00  热线  回访: 未解决, 重办 → 米市一网格：我家门口还有\n"
          "2026-03-02 周一 09:00  热线  并案诉求未解决, 重办 → 米市一网格（第 2 号）：我家门口还有\n"
          "        【处置中】米市一网格：办理并答复，2026-03-11 周三 09:00 前\n"
          "2026-03-02 周一 09:00  热线  要回访已解决，不行：牵头工单尚未办结（L22）\n"
          "2026-03-02 周一 09:00  米市一网格  已办结\n"
          "        【待核查】米市社区：核查，2026-03-04 周三 09:00 前\n"
          "2026-03-02 周一 09:00  米市社区  核查通过 → 米市一网格\n"
          "        【待回访】指挥中心：回访，2026-03-04 周三 09:00 前\n"
          "2026-03-02 周一 09:00  热线  回访: 已解决 → 米市一网格\n"
          "2026-03-02 周一 09:00  热线  并案诉求已回访 → 米市一网格（第 2 号）\n"
          "2026-03-02 周一 09:00  热线  要回访已解决，不行：已经办过了（L5）\n"
          "2026-03-02 周一 09:00  热线  回访: 已解决 → 米市一网格\n"
          "2026-03-02 周一 09:00  系统  已结案 → 米市一网格\n"
          "        【已结案】\n");
}

static void test_the_second_caller_speaks_up_after_closing(void **state) {
    SHOWS("L40 L21");
    begin("2026-03-02 09:00");
    two_callers_of_one_heap();
    DO(&city, 1, OPERATOR, CLOSE, BECAUSE("热线故障, 无法逐一回访"));
    until(&city, "2026-03-05 09:00");
    DO(&city, 2, HOTLINE, UNSOLVED, BECAUSE("又堆起来了"));
    DO(&city, 1, GRID_WORKER, FINISH, .answer = TEXT("已清运"));
    DO(&city, 1, COMMUNITY_CLERK, PASS);
    DO(&city, 1, OPERATOR, CLOSE, BECAUSE("热线故障, 无法逐一回访"));
    until(&city, "2026-06-05 09:00");
    DO(&city, 2, HOTLINE, UNSOLVED, BECAUSE("又堆起来了"));
    DO(&city, 2, OPERATOR, UNMERGE, BECAUSE("另行办理"));
    reads(&city,
          "2026-03-02 周一 09:00  指挥中心  已并入（第 1 号）\n"
          "2026-03-02 周一 09:00  指挥中心  并入一单（第 2 号）\n"
          "2026-03-02 周一 09:00  米市一网格  已签收\n"
          "        【处置中】米市一网格：联系诉求人，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 09:00  米市一网格  已联系诉求人\n"
          "        【处置中】米市一网格：办理并答复，2026-03-11 周三 09:00 前\n"
          "2026-03-02 周一 09:00  米市一网格  已办结\n"
          "        【待核查】米市社区：核查，2026-03-04 周三 09:00 前\n"
          "2026-03-02 周一 09:00  米市社区  核查通过 → 米市一网格\n"
          "        【待回访】指挥中心：回访，2026-03-04 周三 09:00 前\n"
          "2026-03-02 周一 09:00  指挥中心  已结案 → 米市一网格：热线故障, 无法逐一回访\n"
          "        【已结案】\n"
          "2026-03-05 周四 09:00  热线  回访: 未解决, 重办 → 米市一网格：又堆起来了\n"
          "2026-03-05 周四 09:00  热线  已重新办理 → 米市一网格（第 2 号）：又堆起来了\n"
          "        【处置中】米市一网格：办理并答复，2026-03-16 周一 09:00 前\n"
          "2026-03-05 周四 09:00  米市一网格  已办结\n"
          "        【待核查】米市社区：核查，2026-03-09 周一 09:00 前\n"
          "2026-03-05 周四 09:00  米市社区  核查通过 → 米市一网格\n"
          "        【待回访】指挥中心：回访，2026-03-07 周六 09:00 前\n"
          "2026-03-05 周四 09:00  指挥中心  已结案 → 米市一网格：热线故障, 无法逐一回访\n"
          "        【已结案】\n"
          "2026-06-05 周五 09:00  热线  要回访未解决，不行：已过重新办理的期限（L21）\n"
          "2026-06-05 周五 09:00  指挥中心  已取消并案（第 1 号）：另行办理\n"
          "2026-06-05 周五 09:00  指挥中心  一单移出（第 2 号）\n");
}

static void test_each_caller_of_a_merge_is_tried(void **state) {
    SHOWS("L40 L19");
    begin("2026-03-02 09:00");
    two_callers_of_one_heap();
    DO(&city, 1, OPERATOR, SOLVED);
    DO(&city, 1, OPERATOR, SOLVED);
    DO(&city, 2, OPERATOR, UNREACHABLE);
    DO(&city, 2, OPERATOR, UNREACHABLE);
    until(&city, "2026-03-03 09:00");
    DO(&city, 2, OPERATOR, UNREACHABLE);
    until(&city, "2026-03-03 17:00");
    DO(&city, 2, OPERATOR, UNREACHABLE);
    reads(&city,
          "2026-03-02 周一 09:00  指挥中心  已并入（第 1 号）\n"
          "2026-03-02 周一 09:00  指挥中心  并入一单（第 2 号）\n"
          "2026-03-02 周一 09:00  米市一网格  已签收\n"
          "        【处置中】米市一网格：联系诉求人，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 09:00  米市一网格  已联系诉求人\n"
          "        【处置中】米市一网格：办理并答复，2026-03-11 周三 09:00 前\n"
          "2026-03-02 周一 09:00  米市一网格  已办结\n"
          "        【待核查】米市社区：核查，2026-03-04 周三 09:00 前\n"
          "2026-03-02 周一 09:00  米市社区  核查通过 → 米市一网格\n"
          "        【待回访】指挥中心：回访，2026-03-04 周三 09:00 前\n"
          "2026-03-02 周一 09:00  指挥中心  回访: 已解决 → 米市一网格\n"
          "2026-03-02 周一 09:00  指挥中心  要回访已解决，不行：已经办过了（L5）\n"
          "2026-03-02 周一 09:00  指挥中心  回访: 未接通 → 米市一网格\n"
          "        【并案】\n"
          "2026-03-02 周一 09:00  指挥中心  要回访未接通，不行：距上次回访太近, 请隔些时候再试（L19）\n"
          "2026-03-03 周二 09:00  指挥中心  回访: 未接通 → 米市一网格\n"
          "2026-03-03 周二 17:00  指挥中心  回访: 未接通 → 米市一网格\n"
          "2026-03-03 周二 17:00  指挥中心  并案诉求已回访 → 米市一网格（第 2 号）\n"
          "2026-03-03 周二 17:00  系统  已结案 → 米市一网格\n"
          "        【已结案】\n");
}

/* The last one who was not called is taken out: nobody is left to be asked. */
static void test_the_uncalled_one_is_taken_out(void **state) {
    SHOWS("L23 L40");
    begin("2026-03-02 09:00");
    two_callers_of_one_heap();
    DO(&city, 1, OPERATOR, SOLVED);
    DO(&city, 2, OPERATOR, UNMERGE, BECAUSE("不是同一处"));
    reads(&city,
          "2026-03-02 周一 09:00  指挥中心  已并入（第 1 号）\n"
          "2026-03-02 周一 09:00  指挥中心  并入一单（第 2 号）\n"
          "2026-03-02 周一 09:00  米市一网格  已签收\n"
          "        【处置中】米市一网格：联系诉求人，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 09:00  米市一网格  已联系诉求人\n"
          "        【处置中】米市一网格：办理并答复，2026-03-11 周三 09:00 前\n"
          "2026-03-02 周一 09:00  米市一网格  已办结\n"
          "        【待核查】米市社区：核查，2026-03-04 周三 09:00 前\n"
          "2026-03-02 周一 09:00  米市社区  核查通过 → 米市一网格\n"
          "        【待回访】指挥中心：回访，2026-03-04 周三 09:00 前\n"
          "2026-03-02 周一 09:00  指挥中心  回访: 已解决 → 米市一网格\n"
          "2026-03-02 周一 09:00  指挥中心  已取消并案（第 1 号）：不是同一处\n"
          "2026-03-02 周一 09:00  指挥中心  一单移出（第 2 号）\n"
          "2026-03-02 周一 09:00  系统  已结案 → 米市一网格\n"
          "        【已结案】\n");
}

static void test_one_that_leads_others_stays(void **state) {
    SHOWS("L22");
    begin("2026-03-02 09:00");
    city.quiet = true;
    come_in(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    come_in(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    come_in(MATTER_GARBAGE, GRID_B, PLACE_BY_POINT);
    city.quiet = false;
    DO(&city, 2, OPERATOR, MERGE, .other = 1);
    DO(&city, 1, OPERATOR, MERGE, .other = 3);
    DO(&city, 1, OPERATOR, VOID, BECAUSE("重复"));
    DO(&city, 1, OPERATOR, TRANSFER, BECAUSE("属省管"));
    DO(&city, 3, OPERATOR, MERGE, .other = 2);
    DO(&city, 2, OPERATOR, UNMERGE, BECAUSE("不是同一处"));
    DO(&city, 1, OPERATOR, VOID, BECAUSE("重复"));
    reads(&city,
          "2026-03-02 周一 09:00  指挥中心  已并入（第 1 号）\n"
          "2026-03-02 周一 09:00  指挥中心  并入一单（第 2 号）\n"
          "        【待签收】米市一网格：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  指挥中心  要并案，不行：已有其他工单并入本单（L22）\n"
          "2026-03-02 周一 09:00  指挥中心  要作废，不行：已有其他工单并入本单（L22）\n"
          "2026-03-02 周一 09:00  指挥中心  要转外部，不行：已有其他工单并入本单（L22）\n"
          "2026-03-02 周一 09:00  指挥中心  要并案，不行：该工单不能并案（L22）\n"
          "2026-03-02 周一 09:00  指挥中心  已取消并案（第 1 号）：不是同一处\n"
          "2026-03-02 周一 09:00  指挥中心  一单移出（第 2 号）\n"
          "2026-03-02 周一 09:00  指挥中心  已作废：重复\n"
          "        【作废】\n");
}

/* ---- who is supervised replies before its part ends ---- */

static void test_a_supervised_unit_does_not_get_rid_of_it(void **state) {
    SHOWS("L26");
    begin("2026-03-02 09:00");
    city.quiet = true;
    come_in(MATTER_SIGN, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, SUPERVISOR, SUPERVISE, .note = TEXT("请说明"));
    city.quiet = false;
    DO(&city, 1, STREET_CLERK, RETURN, NOT_OUR_DUTY);
    DO(&city, 1, STREET_CLERK, SIGN);
    DO(&city, 1, STREET_CLERK, PASS_UP, BECAUSE("需要执法权"));
    DO(&city, 1, STREET_CLERK, REPLY, .note = TEXT("广告牌产权不明, 正在核实"));
    DO(&city, 1, STREET_CLERK, PASS_UP, BECAUSE("需要执法权"));
    reads(&city,
          "2026-03-02 周一 09:00  汀桥街道  要退单，不行：督办尚未回复, 请先回复（L26）\n"
          "2026-03-02 周一 09:00  汀桥街道  已签收\n"
          "        【处置中】汀桥街道：联系诉求人，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 09:00  汀桥街道  要提级，不行：督办尚未回复, 请先回复（L26）\n"
          "2026-03-02 周一 09:00  汀桥街道  督办已回复\n"
          "2026-03-02 周一 09:00  汀桥街道  已提级 → 城管局：需要执法权\n"
          "        【待签收】城管局：签收，2026-03-02 周一 11:00 前\n");
}

static void test_a_supervised_checker_replies_first(void **state) {
    SHOWS("L26");
    begin("2026-03-02 09:00");
    city.quiet = true;
    come_in(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, GRID_WORKER, SIGN);
    DO(&city, 1, GRID_WORKER, FINISH, .answer = TEXT("已清运"));
    until(&city, "2026-03-06 09:00"); /* two working days to check, and a red card at three */
    city.quiet = false;
    DO(&city, 1, COMMUNITY_CLERK, PASS);
    DO(&city, 1, COMMUNITY_CLERK, REPLY, .note = TEXT("核查员病假, 已另行安排"));
    DO(&city, 1, COMMUNITY_CLERK, PASS);
    reads(&city,
          "2026-03-06 周五 09:00  米市社区  要核查通过，不行：督办尚未回复, 请先回复（L26）\n"
          "2026-03-06 周五 09:00  米市社区  督办已回复\n"
          "2026-03-06 周五 09:00  米市社区  核查通过 → 米市一网格（逾期）\n"
          "        【待回访】指挥中心：回访，2026-03-08 周日 09:00 前\n");
}

/* The requester is content; what keeps the ticket is the centre's own reply. */
static void test_the_centre_replies_before_the_end(void **state) {
    SHOWS("L26 L19");
    begin("2026-03-02 09:00");
    city.quiet = true;
    come_in(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, GRID_WORKER, SIGN);
    DO(&city, 1, GRID_WORKER, FINISH, .answer = TEXT("已清运"));
    DO(&city, 1, COMMUNITY_CLERK, PASS);
    DO(&city, 1, SUPERVISOR, SUPERVISE, .note = TEXT("回访为何拖延"));
    city.quiet = false;
    DO(&city, 1, OPERATOR, CLOSE, BECAUSE("诉求人已知悉"));
    DO(&city, 1, OPERATOR, VOID, BECAUSE("重复"));
    DO(&city, 1, HOTLINE, SOLVED, .satisfied = true);
    DO(&city, 1, OPERATOR, REPLY, .note = TEXT("回访线路故障, 已修复"));
    reads(&city,
          "2026-03-02 周一 09:00  指挥中心  要结案，不行：督办尚未回复, 请先回复（L26）\n"
          "2026-03-02 周一 09:00  指挥中心  要作废，不行：督办尚未回复, 请先回复（L26）\n"
          "2026-03-02 周一 09:00  热线  回访: 已解决 → 米市一网格\n"
          "        【待回访】指挥中心：回复督办，2026-03-05 周四 09:00 前\n"
          "2026-03-02 周一 09:00  指挥中心  督办已回复\n"
          "2026-03-02 周一 09:00  系统  已结案 → 米市一网格\n"
          "        【已结案】\n");
}

/* ---- outside systems ---- */

static void test_given_to_an_outside_system_and_returned(void **state) {
    SHOWS("L29");
    received("2026-03-02 09:00", 0, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, OPERATOR, TRANSFER);
    DO(&city, 1, OPERATOR, TRANSFER, BECAUSE("属省管公路"), .source = PROVINCE_SOURCE);
    until(&city, "2026-03-04 10:00");
    DO(&city, 1, HOTLINE, TAKE_BACK, BECAUSE("等得太久"));
    DO(&city, 1, PROVINCE, TAKE_BACK, BECAUSE("该路段已移交"));
    DO(&city, 1, PROVINCE, TAKE_BACK, BECAUSE("该路段已移交"));
    reads(&city,
          "2026-03-02 周一 09:00  指挥中心  要转外部，不行：请写明原因（L6）\n"
          "2026-03-02 周一 09:00  指挥中心  已转外部：属省管公路\n"
          "        【转外部】\n"
          "2026-03-04 周三 10:00  热线  要外部退回，不行：这不是您或您单位可以办理的（L2）\n"
          "2026-03-04 周三 10:00  省平台  外部已退回：该路段已移交\n"
          "        【待派遣】指挥中心：派遣，2026-03-04 周三 12:00 前\n"
          "2026-03-04 周三 10:00  省平台  要外部退回，不行：没有这张工单（A2）\n");
}

static void test_an_outside_system_answers(void **state) {
    SHOWS("L29");
    received("2026-03-02 09:00", 0, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, OPERATOR, TRANSFER, BECAUSE("属省管公路"), .source = PROVINCE_SOURCE);
    until(&city, "2026-03-04 10:00");
    DO(&city, 1, PROVINCE, ANSWER);
    DO(&city, 1, PROVINCE, ANSWER, .answer = TEXT("已列入本月养护"), .result = RESULT_EXPLAINED);
    until(&city, "2026-03-10 10:00");
    DO(&city, 1, HOTLINE, REOPEN, BECAUSE("没有人来"));
    reads(&city,
          "2026-03-02 周一 09:00  指挥中心  已转外部：属省管公路\n"
          "        【转外部】\n"
          "2026-03-04 周三 10:00  省平台  要协办答复，不行：办结须有答复诉求人的内容（L14）\n"
          "2026-03-04 周三 10:00  省平台  外部已答复（已解释说明）\n"
          "        【已结案】\n"
          "2026-03-10 周二 10:00  热线  已重新办理：没有人来\n"
          "        【待派遣】指挥中心：派遣，2026-03-10 周二 12:00 前\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_unit_reviews_its_own_work),
        cmocka_unit_test(test_a_review_withdraws_an_extension),
        cmocka_unit_test(test_the_second_caller_is_not_content),
        cmocka_unit_test(test_the_second_caller_speaks_up_after_closing),
        cmocka_unit_test(test_each_caller_of_a_merge_is_tried),
        cmocka_unit_test(test_the_uncalled_one_is_taken_out),
        cmocka_unit_test(test_one_that_leads_others_stays),
        cmocka_unit_test(test_a_supervised_unit_does_not_get_rid_of_it),
        cmocka_unit_test(test_a_supervised_checker_replies_first),
        cmocka_unit_test(test_the_centre_replies_before_the_end),
        cmocka_unit_test(test_given_to_an_outside_system_and_returned),
        cmocka_unit_test(test_an_outside_system_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
