/* Stories of deadlines that move: taken off the clock, extended, computed anew after a notice or another policy. */
#include "tests/unit/story_clock.h"

/* a line of the diary is a line of the file */
/* clang-format off */

/* Suspended before Spring Festival, resumed after it: not a minute is lost or won (C2, L16). */
static void test_pause_across_spring_festival(void **state) {
    SHOWS("C2 L16");
    open_story("2026-02-11 09:00");
    int64_t id = come_in(MATTER_SIGN, STREET_A, PLACE_BY_ADDRESS);
    DO(&city, id, STREET_CLERK, SIGN);
    DO(&city, id, STREET_CLERK, CONTACT, .note = TEXT("已联系"));
    city.now = at("2026-02-12 15:00");
    DO(&city, id, STREET_CLERK, ASK_SUSPENSION, .reason = TEXT("等材料"), .until = at("2026-02-25 10:00"));
    DO(&city, id, SUPERVISOR, GRANT_SUSPENSION);
    IN_WORDS(id, STAGE_HANDLE,
          "2026-02-11（周三）09:00 起算，时限 7 个工作日（每个工作日按 7 小时 30 分计）\n"
          "2026-02-11（周三）09:00-12:00 计入 3 小时\n"
          "2026-02-11（周三）12:00-13:00 午休，不计\n"
          "2026-02-11（周三）13:00-17:00 计入 4 小时\n"
          "2026-02-11（周三）17:00 至 2026-02-12（周四）08:30 下班时间，不计\n"
          "2026-02-12（周四）08:30-12:00 计入 3 小时 30 分\n"
          "2026-02-12（周四）12:00-13:00 午休，不计\n"
          "2026-02-12（周四）13:00-15:00 计入 2 小时\n"
          "2026-02-12（周四）15:00 起暂停计时，剩余 40 小时\n");
    IN_WORDS(id, STAGE_REVIEW,
          "2026-02-12（周四）15:00 起算，到指定的时间 2026-02-25（周三）10:00\n"
          "2026-02-12（周四）15:00 至 2026-02-25（周三）10:00 计入 307 小时\n"
          "2026-02-25（周三）10:00 到期，共计 307 小时\n");
    until(&city, "2026-02-25 10:00");
    reads(&city,
          "2026-02-11 周三 09:00  诉求进来。派给汀桥街道：事项从街道开始办理；事项“违规广告牌”；地点“汀桥街道”（依据地址）；责任部门为城管局。\n"
          "2026-02-11 周三 09:00  系统  已受理登记\n"
          "2026-02-11 周三 09:00  系统  已派单 → 汀桥街道\n"
          "        【待签收】汀桥街道：签收，2026-02-11 周三 11:00 前\n"
          "2026-02-11 周三 09:00  汀桥街道  已签收\n"
          "        【处置中】汀桥街道：联系诉求人，2026-02-12 周四 09:00 前\n"
          "2026-02-11 周三 09:00  汀桥街道  已联系诉求人\n"
          "        【处置中】汀桥街道：办理并答复，2026-02-27 周五 09:00 前\n"
          "2026-02-12 周四 15:00  汀桥街道  已申请挂账，至 2026-02-25 周三 10:00：等材料\n"
          "        【处置中】指挥中心：审批挂账，2026-02-27 周五 09:00 前\n"
          "2026-02-12 周四 15:00  督导  已挂账 → 汀桥街道，至 2026-02-25 周三 10:00\n"
          "        【挂账】汀桥街道：挂账复核，2026-02-25 周三 10:00 前\n"
          "2026-02-25 周三 10:00  系统  挂账复核到期\n"
          "2026-02-25 周三 10:00  系统  已恢复办理 → 汀桥街道\n"
          "        【处置中】汀桥街道：办理并答复，2026-03-03 周二 13:30 前\n");
    IN_WORDS(id, STAGE_HANDLE,
          "2026-02-11（周三）09:00 起算，时限 7 个工作日（每个工作日按 7 小时 30 分计）\n"
          "2026-02-11（周三）09:00-12:00 计入 3 小时\n"
          "2026-02-11（周三）12:00-13:00 午休，不计\n"
          "2026-02-11（周三）13:00-17:00 计入 4 小时\n"
          "……\n"
          "2026-02-12（周四）13:00-15:00 计入 2 小时\n"
          "2026-02-12（周四）15:00 至 2026-02-25（周三）10:00 暂停计时，不计\n"
          "2026-02-25（周三）10:00-12:00 计入 2 小时\n"
          "……\n"
          "2026-03-01（周日）00:00-24:00 周末，不计\n"
          "……\n"
          "2026-03-03（周二）13:00-13:30 计入 30 分\n"
          "2026-03-03（周二）13:30 到期，共计 52 小时 30 分\n");
    WHOLE_LIMIT(id,
          "2026-02-11（周三）09:00 起算，时限 7 个工作日（每个工作日按 7 小时 30 分计）\n"
          "2026-02-11（周三）09:00-12:00 计入 3 小时\n"
          "2026-02-11（周三）12:00-13:00 午休，不计\n"
          "2026-02-11（周三）13:00-17:00 计入 4 小时\n"
          "……\n"
          "2026-02-12（周四）13:00-15:00 计入 2 小时\n"
          "2026-02-12（周四）15:00 至 2026-02-25（周三）10:00 暂停计时，不计\n"
          "2026-02-25（周三）10:00-12:00 计入 2 小时\n"
          "……\n"
          "2026-03-01（周日）00:00-24:00 周末，不计\n"
          "……\n"
          "2026-03-03（周二）13:00-13:30 计入 30 分\n"
          "2026-03-03（周二）13:30 到期，共计 52 小时 30 分\n");
}

/* An extension to a Sunday ends with Friday's closing time; one from Friday's closing time to Sunday adds nothing (C16). */
static void test_extension_to_a_sunday(void **state) {
    SHOWS("C16");
    open_story("2026-03-02 09:00");
    int64_t id = come_in(MATTER_SIGN, STREET_A, PLACE_BY_ADDRESS);
    DO(&city, id, STREET_CLERK, SIGN);
    city.now = at("2026-03-03 10:00");
    DO(&city, id, STREET_CLERK, ASK_EXTENSION, .reason = TEXT("等材料"), .until = at("2026-03-15 12:00"));
    DO(&city, id, OPERATOR, GRANT_EXTENSION);
    IN_WORDS(id, STAGE_HANDLE,
          "2026-03-02（周一）09:00 起算，时限 7 个工作日（每个工作日按 7 小时 30 分计）\n"
          "2026-03-03（周二）10:00 批准延期 22 个工作小时\n"
          "2026-03-02（周一）09:00-12:00 计入 3 小时\n"
          "2026-03-02（周一）12:00-13:00 午休，不计\n"
          "……\n"
          "2026-03-07（周六）00:00 至 2026-03-08（周日）24:00 周末，不计\n"
          "……\n"
          "2026-03-13（周五）13:00-17:00 计入 4 小时\n"
          "2026-03-13（周五）17:00 到期，共计 74 小时 30 分\n");
    DO(&city, id, STREET_CLERK, ASK_EXTENSION, .reason = TEXT("仍等材料"), .until = at("2026-03-15 18:00"));
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给汀桥街道：事项从街道开始办理；事项“违规广告牌”；地点“汀桥街道”（依据地址）；责任部门为城管局。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 汀桥街道\n"
          "        【待签收】汀桥街道：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  汀桥街道  已签收\n"
          "        【处置中】汀桥街道：联系诉求人，2026-03-03 周二 09:00 前\n"
          "2026-03-03 周二 10:00  汀桥街道  已申请延期，至 2026-03-15 周日 12:00：等材料\n"
          "        【处置中】指挥中心：审批延期，2026-03-11 周三 09:00 前\n"
          "2026-03-03 周二 10:00  指挥中心  已同意延期 → 汀桥街道，至 2026-03-15 周日 12:00\n"
          "        【处置中】汀桥街道：联系诉求人，2026-03-03 周二 09:00 前\n"
          "2026-03-03 周二 10:00  汀桥街道  要申请延期，不行：现有时限到该时间之间没有工作时间, 延期无效（C16）\n");
}

/* The State Council publishes next year's days in November: what is open is computed anew, and the event says why (C7, C15). */
static void test_the_notice_of_november(void **state) {
    SHOWS("C7 C15");
    static struct calendar next_year;
    next_year = *demo_calendar("standard");
    assert_int_equal(calendar_published_range(&next_year, calendar_day_of(2027, 1, 1), calendar_day_of(2027, 12, 31)), CALENDAR_OK);
    const struct calendar_row new_year = {"off", "2027-01-01", "2027-01-03", "", "", "元旦", "New Year's Day"};
    assert_int_equal(calendar_row(&next_year, &new_year), CALENDAR_OK);
    assert_int_equal(calendar_seal(&next_year), CALENDAR_OK);
    open_story("2026-12-24 10:00");
    int64_t id = come_in(MATTER_SIGN, STREET_A, PLACE_BY_ADDRESS);
    DO(&city, id, STREET_CLERK, SIGN);
    DO(&city, id, STREET_CLERK, CONTACT, .note = TEXT("已联系"));
    IN_WORDS(id, STAGE_HANDLE,
          "2026-12-24（周四）10:00 起算，时限 7 个工作日（每个工作日按 7 小时 30 分计）\n"
          "2026-12-24（周四）10:00-12:00 计入 2 小时\n"
          "2026-12-24（周四）12:00-13:00 午休，不计\n"
          "2026-12-24（周四）13:00-17:00 计入 4 小时\n"
          "……\n"
          "2026-12-26（周六）00:00 至 2026-12-27（周日）24:00 周末，不计\n"
          "……\n"
          "2027-01-02（周六）00:00 至 2027-01-03（周日）24:00 周末，不计\n"
          "……\n"
          "2027-01-04（周一）08:30-10:00 计入 1 小时 30 分\n"
          "2027-01-04（周一）10:00 到期，共计 52 小时 30 分\n"
          "2027-01-04（周一）10:00 的放假安排尚未公布，到期时间可能调整\n");
    city.now = at("2026-12-25 09:00");
    use_calendar(0, &next_year);
    DO(&city, id, SYSTEM, RECOMPUTE, .reason = TEXT("calendars: standard"));
    DO(&city, id, SYSTEM, RECOMPUTE, .reason = TEXT("calendars: standard"));
    reads(&city,
          "2026-12-24 周四 10:00  诉求进来。派给汀桥街道：事项从街道开始办理；事项“违规广告牌”；地点“汀桥街道”（依据地址）；责任部门为城管局。\n"
          "2026-12-24 周四 10:00  系统  已受理登记\n"
          "2026-12-24 周四 10:00  系统  已派单 → 汀桥街道\n"
          "        【待签收】汀桥街道：签收，2026-12-24 周四 12:00 前\n"
          "2026-12-24 周四 10:00  汀桥街道  已签收\n"
          "        【处置中】汀桥街道：联系诉求人，2026-12-25 周五 10:00 前\n"
          "2026-12-24 周四 10:00  汀桥街道  已联系诉求人\n"
          "        【处置中】汀桥街道：办理并答复，2027-01-04 周一 10:00 前\n"
          "2026-12-25 周五 09:00  系统  时限已重算 → 汀桥街道：calendars: standard\n"
          "        【处置中】汀桥街道：办理并答复，2027-01-05 周二 10:00 前\n"
          "2026-12-25 周五 09:00  系统  要重算时限，不行：没有需要变更的内容（C15）\n");
    IN_WORDS(id, STAGE_HANDLE,
          "2026-12-24（周四）10:00 起算，时限 7 个工作日（每个工作日按 7 小时 30 分计）\n"
          "2026-12-25（周五）09:00 重新计算，到期由 2027-01-04（周一）10:00 改为 2027-01-05（周二）10:00\n"
          "2026-12-24（周四）10:00-12:00 计入 2 小时\n"
          "2026-12-24（周四）12:00-13:00 午休，不计\n"
          "……\n"
          "2026-12-26（周六）00:00 至 2026-12-27（周日）24:00 周末，不计\n"
          "……\n"
          "2027-01-01（周五）00:00 至 2027-01-03（周日）24:00 元旦放假，不计\n"
          "……\n"
          "2027-01-05（周二）08:30-10:00 计入 1 小时 30 分\n"
          "2027-01-05（周二）10:00 到期，共计 52 小时 30 分\n");
    IN_ENGLISH(id, STAGE_HANDLE,
          "2026-12-24 Thu 10:00: start, limit 7 working days (a working day counts 7 h 30 min)\n"
          "2026-12-25 Fri 09:00: computed anew, due from 2027-01-04 Mon 10:00 to 2027-01-05 Tue 10:00\n"
          "2026-12-24 Thu 10:00-12:00: counted 2 h\n"
          "2026-12-24 Thu 12:00-13:00: lunch break, not counted\n"
          "……\n"
          "2026-12-26 Sat 00:00 to 2026-12-27 Sun 24:00: weekend, not counted\n"
          "……\n"
          "2027-01-01 Fri 00:00 to 2027-01-03 Sun 24:00: New Year's Day holiday, not counted\n"
          "……\n"
          "2027-01-05 Tue 08:30-10:00: counted 1 h 30 min\n"
          "2027-01-05 Tue 10:00: due, in all 52 h 30 min\n");
}

/* What was counted before a pause stays as it was counted, also when that day is a holiday afterwards (C2). */
static void test_a_notice_during_a_pause(void **state) {
    SHOWS("C2");
    static struct calendar other;
    other = *demo_calendar("standard");
    const struct calendar_row off = {"off", "2026-03-03", "", "", "", "防汛", "Flood control"};
    assert_int_equal(calendar_row(&other, &off), CALENDAR_OK);
    assert_int_equal(calendar_seal(&other), CALENDAR_OK);
    open_story("2026-03-02 09:00");
    int64_t id = come_in(MATTER_SIGN, STREET_A, PLACE_BY_ADDRESS);
    DO(&city, id, STREET_CLERK, SIGN);
    DO(&city, id, STREET_CLERK, CONTACT, .note = TEXT("已联系"));
    city.now = at("2026-03-04 09:00");
    DO(&city, id, STREET_CLERK, ASK_SUSPENSION, .reason = TEXT("等材料"), .until = at("2026-03-11 10:00"));
    DO(&city, id, SUPERVISOR, GRANT_SUSPENSION);
    city.now = at("2026-03-05 09:00");
    use_calendar(0, &other);
    DO(&city, id, SYSTEM, RECOMPUTE, .reason = TEXT("calendars: standard"));
    until(&city, "2026-03-11 10:00");
    IN_WORDS(id, STAGE_HANDLE,
          "2026-03-02（周一）09:00 起算，时限 7 个工作日（每个工作日按 7 小时 30 分计）\n"
          "2026-03-02（周一）09:00-12:00 计入 3 小时\n"
          "2026-03-02（周一）12:00-13:00 午休，不计\n"
          "2026-03-02（周一）13:00-17:00 计入 4 小时\n"
          "……\n"
          "2026-03-03（周二）00:00-24:00 防汛放假，不计\n"
          "……\n"
          "2026-03-04（周三）08:30-09:00 计入 30 分\n"
          "2026-03-04（周三）09:00 按当时的日历已计入，多 7 小时 30 分\n"
          "2026-03-04（周三）09:00 至 2026-03-11（周三）10:00 暂停计时，不计\n"
          "2026-03-11（周三）10:00-12:00 计入 2 小时\n"
          "……\n"
          "2026-03-14（周六）00:00 至 2026-03-15（周日）24:00 周末，不计\n"
          "……\n"
          "2026-03-18（周三）08:30-10:00 计入 1 小时 30 分\n"
          "2026-03-18（周三）10:00 到期，共计 52 小时 30 分\n");
    IN_ENGLISH(id, STAGE_HANDLE,
          "2026-03-02 Mon 09:00: start, limit 7 working days (a working day counts 7 h 30 min)\n"
          "2026-03-02 Mon 09:00-12:00: counted 3 h\n"
          "2026-03-02 Mon 12:00-13:00: lunch break, not counted\n"
          "2026-03-02 Mon 13:00-17:00: counted 4 h\n"
          "……\n"
          "2026-03-03 Tue 00:00-24:00: Flood control holiday, not counted\n"
          "……\n"
          "2026-03-04 Wed 08:30-09:00: counted 30 min\n"
          "2026-03-04 Wed 09:00: stays as it was counted by the calendar then, more by 7 h 30 min\n"
          "2026-03-04 Wed 09:00 to 2026-03-11 Wed 10:00: clock paused, not counted\n"
          "2026-03-11 Wed 10:00-12:00: counted 2 h\n"
          "……\n"
          "2026-03-14 Sat 00:00 to 2026-03-15 Sun 24:00: weekend, not counted\n"
          "……\n"
          "2026-03-18 Wed 08:30-10:00: counted 1 h 30 min\n"
          "2026-03-18 Wed 10:00: due, in all 52 h 30 min\n");
}

/* A policy loaded while the ticket is suspended counts when it comes back (C15). */
static void test_another_policy_during_a_pause(void **state) {
    SHOWS("C15");
    static struct policy longer;
    longer = *city_policy();
    longer.limits[STAGE_HANDLE][URGENCY_NORMAL] = limit_of("9wd");
    open_story("2026-03-02 09:00");
    int64_t id = come_in(MATTER_SIGN, STREET_A, PLACE_BY_ADDRESS);
    DO(&city, id, STREET_CLERK, SIGN);
    DO(&city, id, STREET_CLERK, CONTACT, .note = TEXT("已联系"));
    city.now = at("2026-03-04 09:00");
    DO(&city, id, STREET_CLERK, ASK_SUSPENSION, .reason = TEXT("等材料"), .until = at("2026-03-11 10:00"));
    DO(&city, id, SUPERVISOR, GRANT_SUSPENSION);
    city.now = at("2026-03-05 09:00");
    ((struct world *)city_world())->policies = &longer;
    DO(&city, id, SYSTEM, RECOMPUTE, .reason = TEXT("policies: standard"));
    until(&city, "2026-03-11 10:00");
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给汀桥街道：事项从街道开始办理；事项“违规广告牌”；地点“汀桥街道”（依据地址）；责任部门为城管局。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 汀桥街道\n"
          "        【待签收】汀桥街道：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  汀桥街道  已签收\n"
          "        【处置中】汀桥街道：联系诉求人，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 09:00  汀桥街道  已联系诉求人\n"
          "        【处置中】汀桥街道：办理并答复，2026-03-11 周三 09:00 前\n"
          "2026-03-04 周三 09:00  汀桥街道  已申请挂账，至 2026-03-11 周三 10:00：等材料\n"
          "        【处置中】指挥中心：审批挂账，2026-03-11 周三 09:00 前\n"
          "2026-03-04 周三 09:00  督导  已挂账 → 汀桥街道，至 2026-03-11 周三 10:00\n"
          "        【挂账】汀桥街道：挂账复核，2026-03-11 周三 10:00 前\n"
          "2026-03-05 周四 09:00  系统  时限已重算 → 汀桥街道：policies: standard\n"
          "2026-03-11 周三 10:00  系统  挂账复核到期\n"
          "2026-03-11 周三 10:00  系统  已恢复办理 → 汀桥街道\n"
          "        【处置中】汀桥街道：办理并答复，2026-03-20 周五 10:00 前\n");
    IN_WORDS(id, STAGE_HANDLE,
          "2026-03-02（周一）09:00 起算，时限 9 个工作日（每个工作日按 7 小时 30 分计）\n"
          "2026-03-05（周四）09:00 重新计算，时限由 7 个工作日 改为 9 个工作日\n"
          "2026-03-02（周一）09:00-12:00 计入 3 小时\n"
          "2026-03-02（周一）12:00-13:00 午休，不计\n"
          "……\n"
          "2026-03-04（周三）08:30-09:00 计入 30 分\n"
          "2026-03-04（周三）09:00 至 2026-03-11（周三）10:00 暂停计时，不计\n"
          "2026-03-11（周三）10:00-12:00 计入 2 小时\n"
          "……\n"
          "2026-03-14（周六）00:00 至 2026-03-15（周日）24:00 周末，不计\n"
          "……\n"
          "2026-03-20（周五）08:30-10:00 计入 1 小时 30 分\n"
          "2026-03-20（周五）10:00 到期，共计 67 小时 30 分\n");
}

/* From working to natural time: a day stays a day (C20). */
static void test_a_policy_in_natural_time(void **state) {
    SHOWS("C20");
    static struct policy natural;
    natural = *city_policy();
    natural.limits[STAGE_HANDLE][URGENCY_NORMAL] = limit_of("10nd");
    open_story("2026-03-02 09:00");
    int64_t id = come_in(MATTER_SIGN, STREET_A, PLACE_BY_ADDRESS);
    DO(&city, id, STREET_CLERK, SIGN);
    DO(&city, id, STREET_CLERK, CONTACT, .note = TEXT("已联系"));
    DO(&city, id, STREET_CLERK, ASK_EXTENSION, .reason = TEXT("等材料"), .until = at("2026-03-13 09:00"));
    DO(&city, id, OPERATOR, GRANT_EXTENSION);
    city.now = at("2026-03-03 09:00");
    ((struct world *)city_world())->policies = &natural;
    DO(&city, id, SYSTEM, RECOMPUTE, .reason = TEXT("policies: standard"));
    IN_WORDS(id, STAGE_HANDLE,
          "2026-03-02（周一）09:00 起算，时限 10 个自然日\n"
          "2026-03-02（周一）09:00 批准延期 2 个自然日\n"
          "2026-03-03（周二）09:00 重新计算，时限由 7 个工作日 改为 10 个自然日，到期由 2026-03-13（周五）09:00 改为 2026-03-14（周六）09:00\n"
          "2026-03-02（周一）09:00 至 2026-03-14（周六）09:00 计入 288 小时\n"
          "2026-03-14（周六）09:00 到期，共计 288 小时\n");
}

/* A sub-deadline was named by people: no calendar moves it. The unit below has its own time to sign (L18, C11). */
static void test_named_times_stay(void **state) {
    SHOWS("L18");
    open_story("2026-03-02 09:00");
    int64_t id = come_in(MATTER_GARBAGE, STREET_A, PLACE_BY_ADDRESS);
    DO(&city, id, STREET_CLERK, SIGN);
    DO(&city, id, STREET_CLERK, PASS_DOWN, .unit = COMMUNITY_A, .until = at("2026-03-05 18:20"), .reason = TEXT("请先处置"));
    struct ticket *t = &city.tickets[0];
    assert_string_equal(show(t->assignments[1].handle.due), "2026-03-05 18:20:00");
    use_calendar(0, demo_calendar("always"));
    DO(&city, id, SYSTEM, RECOMPUTE, .reason = TEXT("calendars: standard"));
    assert_string_equal(show(t->assignments[1].handle.due), "2026-03-05 18:20:00");
    assert_string_equal(show(t->assignments[1].turn.due), "2026-03-02 11:00:00");
    assert_string_equal(show(t->assignments[0].handle.due), "2026-03-09 09:00:00");
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给汀桥街道：地点不够具体, 由上一级办理；事项“生活垃圾未清运”；地点“汀桥街道”（依据地址）；责任部门为城管局。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 汀桥街道\n"
          "        【待签收】汀桥街道：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  汀桥街道  已签收\n"
          "        【处置中】汀桥街道：联系诉求人，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 09:00  汀桥街道  已加派 → 米市社区，至 2026-03-05 周四 18:20：请先处置\n"
          "2026-03-02 周一 09:00  系统  时限已重算 → 汀桥街道：calendars: standard\n");
}

/* clang-format on */

int main(void) {
    const struct CMUnitTest tests[] = {
#define STORY(name) cmocka_unit_test_setup(name, use_the_usual)
        STORY(test_pause_across_spring_festival),
        STORY(test_extension_to_a_sunday),
        STORY(test_the_notice_of_november),
        STORY(test_a_notice_during_a_pause),
        STORY(test_another_policy_during_a_pause),
        STORY(test_a_policy_in_natural_time),
        STORY(test_named_times_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
