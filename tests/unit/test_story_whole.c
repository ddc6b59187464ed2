/* Stories of the whole limit, which stands beside every unit's own: a unit that is asked late, another matter, another urgency, a
 * requester who is waited for. */
#include "tests/unit/story_clock.h"

/* a line of the diary is a line of the file */
/* clang-format off */

/* A unit that is asked late has its full time; the whole limit goes on beside it, and shows it (C11, C17). */
static void test_asked_late(void **state) {
    SHOWS("C11 C17 C18");
    open_story("2026-03-02 09:00");
    int64_t id = come_in(MATTER_SIGN, STREET_A, PLACE_BY_ADDRESS);
    DO(&city, id, STREET_CLERK, RETURN, NOT_OUR_DUTY);
    city.now = at("2026-03-09 10:00");
    DO(&city, id, OPERATOR, DISPATCH, .unit = URBAN, .reason = TEXT("属城管"));
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给汀桥街道：事项从街道开始办理；事项“违规广告牌”；地点“汀桥街道”（依据地址）；责任部门为城管局。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 汀桥街道\n"
          "        【待签收】汀桥街道：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  汀桥街道  已退单：不属本单位职责，依据《三定方案》第三条\n"
          "        【待派遣】指挥中心：派遣，2026-03-02 周一 11:00 前\n"
          "2026-03-09 周一 10:00  指挥中心  已派单 → 城管局：属城管\n"
          "        【待签收】城管局：签收，2026-03-09 周一 12:00 前\n");
    IN_WORDS(id, STAGE_HANDLE,
          "2026-03-09（周一）10:00 起算，时限 7 个工作日（每个工作日按 7 小时 30 分计）\n"
          "2026-03-09（周一）10:00-12:00 计入 2 小时\n"
          "2026-03-09（周一）12:00-13:00 午休，不计\n"
          "2026-03-09（周一）13:00-17:00 计入 4 小时\n"
          "……\n"
          "2026-03-14（周六）00:00 至 2026-03-15（周日）24:00 周末，不计\n"
          "……\n"
          "2026-03-18（周三）08:30-10:00 计入 1 小时 30 分\n"
          "2026-03-18（周三）10:00 到期，共计 52 小时 30 分\n");
    WHOLE_LIMIT(id,
          "2026-03-02（周一）09:00 起算，时限 7 个工作日（每个工作日按 7 小时 30 分计）\n"
          "2026-03-02（周一）09:00-12:00 计入 3 小时\n"
          "2026-03-02（周一）12:00-13:00 午休，不计\n"
          "2026-03-02（周一）13:00-17:00 计入 4 小时\n"
          "……\n"
          "2026-03-07（周六）00:00 至 2026-03-08（周日）24:00 周末，不计\n"
          "……\n"
          "2026-03-11（周三）08:30-09:00 计入 30 分\n"
          "2026-03-11（周三）09:00 到期，共计 52 小时 30 分\n");
}

/* Another matter gives the whole limit another length, from the same start (C20). */
static void test_another_matter(void **state) {
    SHOWS("C20");
    open_story("2026-03-02 09:00");
    int64_t id = come_in(0, STREET_A, PLACE_BY_ADDRESS);
    DO(&city, id, OPERATOR, DISPATCH, .unit = WATER, .matter = MATTER_COLD, .urgency = URGENCY_URGENT);
    WHOLE_LIMIT(id,
          "2026-03-02（周一）09:00 起算，时限 24 小时（自然时间）\n"
          "2026-03-02（周一）09:00 重新计算，时限由 7 个工作日 改为 24 小时（自然时间），到期由 2026-03-11（周三）09:00 改为 2026-03-03（周二）09:00\n"
          "2026-03-02（周一）09:00 至 2026-03-03（周二）09:00 计入 24 小时\n"
          "2026-03-03（周二）09:00 到期，共计 24 小时\n");
    city.now = at("2026-03-02 10:00");
    DO(&city, id, WATER_CLERK, RETURN, NOT_OUR_DUTY);
    DO(&city, id, OPERATOR, DISPATCH, .unit = URBAN, .matter = MATTER_SIGN, .urgency = URGENCY_COMPLEX, .reason = TEXT("属城管"));
    WHOLE_LIMIT(id,
          "2026-03-02（周一）09:00 起算，时限 15 个工作日（每个工作日按 7 小时 30 分计）\n"
          "2026-03-02（周一）09:00 重新计算，时限由 7 个工作日 改为 24 小时（自然时间），到期由 2026-03-11（周三）09:00 改为 2026-03-03（周二）09:00\n"
          "2026-03-02（周一）10:00 重新计算，时限由 24 小时（自然时间） 改为 15 个工作日，到期由 2026-03-03（周二）09:00 改为 2026-03-23（周一）09:00\n"
          "2026-03-02（周一）09:00-12:00 计入 3 小时\n"
          "……\n"
          "2026-03-07（周六）00:00 至 2026-03-08（周日）24:00 周末，不计\n"
          "……\n"
          "2026-03-14（周六）00:00 至 2026-03-15（周日）24:00 周末，不计\n"
          "……\n"
          "2026-03-21（周六）00:00 至 2026-03-22（周日）24:00 周末，不计\n"
          "……\n"
          "2026-03-23（周一）08:30-09:00 计入 30 分\n"
          "2026-03-23（周一）09:00 到期，共计 112 小时 30 分\n");
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。转人工派遣：未给出事项；地点“汀桥街道”（依据地址）。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  转人工派遣\n"
          "        【待派遣】指挥中心：派遣，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  指挥中心  已派单 → 水务局\n"
          "        【待签收】水务局：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 10:00  水务局  已退单：不属本单位职责，依据《三定方案》第三条\n"
          "        【待派遣】指挥中心：派遣，2026-03-02 周一 10:30 前\n"
          "2026-03-02 周一 10:00  指挥中心  已派单 → 城管局：属城管\n"
          "        【待签收】城管局：签收，2026-03-02 周一 12:00 前\n");
}

/* What was granted and what was off the clock stays, also when the matter changes afterwards (C20). */
static void test_another_matter_after_a_pause_and_an_extension(void **state) {
    SHOWS("C20");
    open_story("2026-03-02 09:00");
    int64_t id = come_in(MATTER_SIGN, STREET_A, PLACE_BY_ADDRESS);
    DO(&city, id, STREET_CLERK, SIGN);
    DO(&city, id, STREET_CLERK, ASK_EXTENSION, .reason = TEXT("等材料"), .until = at("2026-03-12 09:00"));
    DO(&city, id, OPERATOR, GRANT_EXTENSION);
    DO(&city, id, STREET_CLERK, ASK_SUSPENSION, .reason = TEXT("等材料"), .until = at("2026-03-04 09:00"));
    DO(&city, id, SUPERVISOR, GRANT_SUSPENSION);
    city.now = at("2026-03-04 09:00");
    DO(&city, id, STREET_CLERK, RESUME);
    DO(&city, id, STREET_CLERK, PASS_UP, .reason = TEXT("街道无执法权"));
    DO(&city, id, URBAN_CLERK, RETURN, NOT_OUR_DUTY);
    DO(&city, id, OPERATOR, DISPATCH, .unit = MUNICIPAL, .matter = MATTER_POTHOLE, .urgency = URGENCY_COMPLEX, .reason = TEXT("属市政"));
    WHOLE_LIMIT(id,
          "2026-03-02（周一）09:00 起算，时限 15 个工作日（每个工作日按 7 小时 30 分计）\n"
          "2026-03-02（周一）09:00 批准延期 1 个工作日\n"
          "2026-03-04（周三）09:00 重新计算，时限由 7 个工作日 改为 15 个工作日，到期由 2026-03-16（周一）09:00 改为 2026-03-26（周四）09:00\n"
          "2026-03-02（周一）09:00 至 2026-03-04（周三）09:00 暂停计时，不计\n"
          "……\n"
          "2026-03-07（周六）00:00 至 2026-03-08（周日）24:00 周末，不计\n"
          "……\n"
          "2026-03-14（周六）00:00 至 2026-03-15（周日）24:00 周末，不计\n"
          "……\n"
          "2026-03-21（周六）00:00 至 2026-03-22（周日）24:00 周末，不计\n"
          "……\n"
          "2026-03-26（周四）08:30-09:00 计入 30 分\n"
          "2026-03-26（周四）09:00 到期，共计 120 小时\n");
}

/* The catalogue gives a pothole three days; a hole that swallows a wheel is danger all the same (C22). */
static void test_more_urgent_than_its_matter(void **state) {
    SHOWS("C22");
    static struct matter matters[] = {{.code = MATTER_POTHOLE, .department = MUNICIPAL, .start = UNIT_DEPARTMENT, .urgency = URGENCY_NORMAL}};
    struct world *world = (struct world *)city_world();
    matters[0].limits[STAGE_HANDLE] = limit_of("3wd");
    world->matters = matters;
    world->matter_count = 1;
    open_story("2026-03-02 09:00");
    int64_t id = come_in(MATTER_POTHOLE, STREET_A, PLACE_BY_ADDRESS);
    WHOLE_LIMIT(id, "……\n2026-03-05（周四）09:00 到期，共计 22 小时 30 分\n");
    city.now = at("2026-03-02 09:30");
    DO(&city, id, MUNICIPAL_CLERK, RETURN, NOT_OUR_DUTY);
    DO(&city, id, OPERATOR, DISPATCH, .unit = URBAN, .urgency = URGENCY_DANGER, .reason = TEXT("有人受伤"));
    IN_WORDS(id, STAGE_HANDLE,
          "2026-03-02（周一）09:30 起算，时限 2 小时（自然时间）\n"
          "2026-03-02（周一）09:30-11:30 计入 2 小时\n"
          "2026-03-02（周一）11:30 到期，共计 2 小时\n");
    WHOLE_LIMIT(id, "……\n2026-03-02（周一）11:00 到期，共计 2 小时\n");
    world->matters = city_matters;
    world->matter_count = sizeof city_matters / sizeof city_matters[0];
}

/* While the requester is asked nobody here is late: the whole limit waits (C17). */
static void test_waiting_for_the_requester(void **state) {
    SHOWS("C17");
    open_story("2026-03-02 09:00");
    int64_t id = come_in(0, 0, 0);
    city.now = at("2026-03-02 10:00");
    DO(&city, id, OPERATOR, ASK, .reason = TEXT("请补充地点"));
    WHOLE_LIMIT(id,
          "2026-03-02（周一）09:00 起算，时限 7 个工作日（每个工作日按 7 小时 30 分计）\n"
          "2026-03-02（周一）09:00-10:00 计入 1 小时\n"
          "2026-03-02（周一）10:00 起暂停计时，剩余 51 小时 30 分\n");
    city.now = at("2026-03-04 10:00");
    DO(&city, id, OPERATOR, SUPPLEMENT, .note = TEXT("在汀桥"), .matter = MATTER_SIGN, .place = STREET_A);
    WHOLE_LIMIT(id,
          "2026-03-02（周一）09:00 起算，时限 7 个工作日（每个工作日按 7 小时 30 分计）\n"
          "2026-03-02（周一）09:00-10:00 计入 1 小时\n"
          "2026-03-02（周一）10:00 至 2026-03-04（周三）10:00 暂停计时，不计\n"
          "2026-03-04（周三）10:00-12:00 计入 2 小时\n"
          "……\n"
          "2026-03-07（周六）00:00 至 2026-03-08（周日）24:00 周末，不计\n"
          "……\n"
          "2026-03-13（周五）08:30-09:00 计入 30 分\n"
          "2026-03-13（周五）09:00 到期，共计 52 小时 30 分\n");
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。转人工派遣：未给出事项。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  转人工派遣\n"
          "        【待派遣】指挥中心：派遣，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 10:00  指挥中心  已请诉求人补充：请补充地点\n"
          "        【待补充】指挥中心：等待补充，2026-03-09 周一 10:00 前\n"
          "2026-03-04 周三 10:00  指挥中心  已补充\n"
          "        【待派遣】指挥中心：派遣，2026-03-04 周三 12:00 前\n");
}

/* The street whistles for the water bureau, gives part of the work to its community and is supervised: each of these clocks is
 * explained by itself (C11, L18, L25, L28). */
static void test_every_clock_has_its_own_explanation(void **state) {
    SHOWS("C11 L18 L28");
    open_story("2026-03-06 16:00");
    int64_t id = come_in(MATTER_GARBAGE, STREET_A, PLACE_BY_ADDRESS);
    DO(&city, id, STREET_CLERK, SIGN);
    DO(&city, id, STREET_CLERK, WHISTLE, .unit = WATER, .reason = TEXT("现场会商"));
    DO(&city, id, STREET_CLERK, PASS_DOWN, .unit = COMMUNITY_A, .until = at("2026-03-09 12:15"), .reason = TEXT("先行清理"));
    DO(&city, id, SUPERVISOR, SUPERVISE, .note = TEXT("请说明进度"));
    IN_WORDS(id, STAGE_CONTACT,
          "2026-03-06（周五）16:00 起算，时限 1 个工作日（每个工作日按 7 小时 30 分计）\n"
          "2026-03-06（周五）16:00-17:00 计入 1 小时\n"
          "2026-03-06（周五）17:00-24:00 下班时间，不计\n"
          "2026-03-07（周六）00:00 至 2026-03-08（周日）24:00 周末，不计\n"
          "2026-03-09（周一）00:00-08:30 下班时间，不计\n"
          "2026-03-09（周一）08:30-12:00 计入 3 小时 30 分\n"
          "2026-03-09（周一）12:00-13:00 午休，不计\n"
          "2026-03-09（周一）13:00-16:00 计入 3 小时\n"
          "2026-03-09（周一）16:00 到期，共计 7 小时 30 分\n");
    IN_WORDS(id, STAGE_ARRIVE,
          "2026-03-06（周五）16:00 起算，时限 1 个工作日（每个工作日按 7 小时 30 分计）\n"
          "2026-03-06（周五）16:00-17:00 计入 1 小时\n"
          "2026-03-06（周五）17:00-24:00 下班时间，不计\n"
          "2026-03-07（周六）00:00 至 2026-03-08（周日）24:00 周末，不计\n"
          "2026-03-09（周一）00:00-08:30 下班时间，不计\n"
          "2026-03-09（周一）08:30-12:00 计入 3 小时 30 分\n"
          "2026-03-09（周一）12:00-13:00 午休，不计\n"
          "2026-03-09（周一）13:00-16:00 计入 3 小时\n"
          "2026-03-09（周一）16:00 到期，共计 7 小时 30 分\n");
    IN_WORDS(id, STAGE_SUPERVISE,
          "2026-03-06（周五）16:00 起算，时限 3 个工作日（每个工作日按 7 小时 30 分计）\n"
          "2026-03-06（周五）16:00-17:00 计入 1 小时\n"
          "2026-03-06（周五）17:00-24:00 下班时间，不计\n"
          "2026-03-07（周六）00:00 至 2026-03-08（周日）24:00 周末，不计\n"
          "……\n"
          "2026-03-11（周三）13:00-16:00 计入 3 小时\n"
          "2026-03-11（周三）16:00 到期，共计 22 小时 30 分\n");
    IN_WORDS(id, STAGE_SIGN,
          "2026-03-06（周五）16:00 起算，时限 2 个工作小时\n"
          "2026-03-06（周五）16:00-17:00 计入 1 小时\n"
          "2026-03-06（周五）17:00-24:00 下班时间，不计\n"
          "2026-03-07（周六）00:00 至 2026-03-08（周日）24:00 周末，不计\n"
          "2026-03-09（周一）00:00-08:30 下班时间，不计\n"
          "2026-03-09（周一）08:30-09:30 计入 1 小时\n"
          "2026-03-09（周一）09:30 到期，共计 2 小时\n");
    IN_WORDS(id, STAGE_HANDLE,
          "2026-03-06（周五）16:00 起算，时限 7 个工作日（每个工作日按 7 小时 30 分计）\n"
          "2026-03-06（周五）16:00-17:00 计入 1 小时\n"
          "2026-03-06（周五）17:00-24:00 下班时间，不计\n"
          "2026-03-07（周六）00:00 至 2026-03-08（周日）24:00 周末，不计\n"
          "……\n"
          "2026-03-14（周六）00:00 至 2026-03-15（周日）24:00 周末，不计\n"
          "……\n"
          "2026-03-17（周二）16:00 到期，共计 52 小时 30 分\n"
          "2026-03-06（周五）16:00 起算，时限 7 个工作日（每个工作日按 7 小时 30 分计）\n"
          "2026-03-06（周五）16:00-17:00 计入 1 小时\n"
          "……\n"
          "2026-03-07（周六）00:00 至 2026-03-08（周日）24:00 周末，不计\n"
          "……\n"
          "2026-03-14（周六）00:00 至 2026-03-15（周日）24:00 周末，不计\n"
          "……\n"
          "2026-03-17（周二）16:00 到期，共计 52 小时 30 分\n"
          "2026-03-06（周五）16:00 起算，到指定的时间 2026-03-09（周一）12:15\n"
          "2026-03-06（周五）16:00 至 2026-03-09（周一）12:15 计入 68 小时 15 分\n"
          "2026-03-09（周一）12:15 到期，共计 68 小时 15 分\n");
    WHOLE_LIMIT(id,
          "2026-03-06（周五）16:00 起算，时限 7 个工作日（每个工作日按 7 小时 30 分计）\n"
          "2026-03-06（周五）16:00-17:00 计入 1 小时\n"
          "2026-03-06（周五）17:00-24:00 下班时间，不计\n"
          "2026-03-07（周六）00:00 至 2026-03-08（周日）24:00 周末，不计\n"
          "……\n"
          "2026-03-14（周六）00:00 至 2026-03-15（周日）24:00 周末，不计\n"
          "……\n"
          "2026-03-17（周二）13:00-16:00 计入 3 小时\n"
          "2026-03-17（周二）16:00 到期，共计 52 小时 30 分\n");
}

/* clang-format on */

int main(void) {
    const struct CMUnitTest tests[] = {
#define STORY(name) cmocka_unit_test_setup(name, use_the_usual)
        STORY(test_every_clock_has_its_own_explanation),
        STORY(test_asked_late),
        STORY(test_another_matter),
        STORY(test_another_matter_after_a_pause_and_an_extension),
        STORY(test_more_urgent_than_its_matter),
        STORY(test_waiting_for_the_requester),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
