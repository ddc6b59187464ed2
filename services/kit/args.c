/* Arguments and the keys that every service has. */
#include "services/kit/kit_internal.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct config_key kit_keys[] = {
    CONFIG_KEY(struct kit_config, run_dir, CONFIG_PATH, NULL, .min = 1, .max = 70,
               .doc_en =
                   "Folder of the sockets (bus/ and http/ in it); short, as a socket's path has at most 107 bytes",
               .doc_zh = "套接字目录（其下有 bus/ 与 http/）；路径要短，套接字路径最多 107 字节"),
    CONFIG_KEY(struct kit_config, log_level, CONFIG_CHOICE, "info", .choices = "debug info warn error",
               .doc_en = "Least level that is logged", .doc_zh = "记录日志的最低级别"),
    CONFIG_KEY(struct kit_config, clock_file, CONFIG_PATH, "",
               .doc_en = "Test and demo clock: file with the offset from real time; empty in real life",
               .doc_zh = "测试与演示时钟：存放时间偏移的文件；正式运行时留空"),
    CONFIG_KEY(struct kit_config, drain_ms, CONFIG_DURATION, "10s", .min = 0, .max = 600000,
               .doc_en = "How long SIGTERM waits for work under way",
               .doc_zh = "收到 SIGTERM 后等待在途工作完成的时间"),
    CONFIG_KEY(struct kit_config, database, CONFIG_TEXT, "", .doc_en = "PostgreSQL connection string (libpq)",
               .doc_zh = "PostgreSQL 连接串（libpq 格式）"),
    CONFIG_KEY(struct kit_config, redis_socket, CONFIG_PATH, "", .doc_en = "Unix socket of Redis",
               .doc_zh = "Redis 的 Unix 套接字"),
    CONFIG_KEY(struct kit_config, key_file, CONFIG_PATH, "",
               .doc_en = "Keys of personal fields (mode 0600); empty for a service that must not read them",
               .doc_zh = "个人信息字段的密钥文件（权限 0600）；不得读取个人信息的服务留空"),
    CONFIG_END,
};

void kit_args_help(const struct service *service) {
    printf("paidan-%s: %s\n%s\n\n"
           "  --config FILE     configuration 配置文件\n"
           "  --set KEY=VALUE   override one key, may be repeated 覆盖一项配置，可重复\n"
           "  --show-config     print the values in force 显示生效的配置\n"
           "  --config-doc      print all keys as Markdown 输出全部配置项说明\n"
           "  --ready-fd N      write a line to descriptor N when ready 就绪时向描述符 N 写一行\n"
           "  --version, --help\n\n"
           "exit codes 退出码: 0 drained, 1 failed (a restart may help), 2 usage or configuration, 4 drain deadline "
           "passed\n",
           service->name, service->about_en, service->about_zh);
}

static bool take_number(const char *text, int *ret_number) {
    char *end;
    long number = strtol(text, &end, 10);
    if (end == text || *end || number < 0 || number > 1023) return false;
    *ret_number = (int)number;
    return true;
}

bool kit_args_parse(int argc, char **argv, const struct service *service, struct kit_args *ret_args) {
    enum { CONFIG = 256, SET, READY_FD };
    static const struct option options[] = {
        {"config", required_argument, NULL, CONFIG},       {"set", required_argument, NULL, SET},
        {"ready-fd", required_argument, NULL, READY_FD},   {"help", no_argument, NULL, KIT_HELP},
        {"version", no_argument, NULL, KIT_VERSION},       {"show-config", no_argument, NULL, KIT_SHOW_CONFIG},
        {"config-doc", no_argument, NULL, KIT_CONFIG_DOC}, {0},
    };
    struct kit_args args = {.mode = KIT_RUN, .ready_fd = -1};
    bool ok = true;
    optind = 1;
    for (int option; ok && (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == CONFIG)
            args.config_path = optarg;
        else if (option == READY_FD)
            ok = take_number(optarg, &args.ready_fd);
        else if (option == SET && args.override_count < KIT_OVERRIDES_MAX)
            args.overrides[args.override_count++] = optarg;
        else if (option > KIT_RUN && option <= KIT_CONFIG_DOC)
            args.mode = (enum kit_mode)option;
        else
            ok = false;
    }
    if (!ok || optind != argc) {
        fprintf(stderr, "paidan-%s: not understood; see paidan-%s --help\n", service->name, service->name);
        return false;
    }
    *ret_args = args;
    return true;
}
