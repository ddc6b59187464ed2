/* Attempts at an endpoint, as the notification service keeps them (endpoint_attempt) and the console shows them. Numbers stay. */
#ifndef KIT_ATTEMPT_H
#define KIT_ATTEMPT_H

#include "common/client.h"
#include "common/sentence.h"

enum attempt_kind { ATTEMPT_EVENT = 1, ATTEMPT_TEST, ATTEMPT_CHALLENGE };

/* X(number, name, code, zh, en) */
#define ATTEMPT_OUTCOMES(X)                                                                                            \
    X(1, DELIVERED, "delivered", "已送达", "it was taken")                                                             \
    X(2, STATUS, "status", "对方的应答不是 2xx", "it answered with another status than 2xx")                           \
    X(3, TIMEOUT, "timeout", "对方在时限内没有答完", "it did not answer in full within the time")                      \
    X(4, NOT_REACHED, "not_reached", "连接不上: 域名、端口、证书或网络",                                               \
      "no connection: name, port, certificate or network")                                                             \
    X(5, CUT, "cut", "连接在应答之前断开", "the connection ended before the answer")                                   \
    X(6, ADDRESS, "address", "域名指向未经批准的内网或保留地址, 没有连接",                                             \
      "the name leads to a private or reserved address that is not approved; nothing was sent")                        \
    X(7, TOO_LARGE, "too_large", "应答过长", "the answer is too long")                                                 \
    X(8, NOT_ECHOED, "not_echoed", "应答中没有原样返回验证码 (challenge)", "the answer does not repeat the challenge") \
    X(9, NOT_SENT, "not_sent", "未能发出", "it could not be sent")

#define ATTEMPT_OUTCOME(number, name, code, zh, en) ATTEMPT_##name = number,
enum attempt_outcome { ATTEMPT_OUTCOMES(ATTEMPT_OUTCOME) };
#undef ATTEMPT_OUTCOME

/* NULL: there was no response, it could not be composed. 2xx is DELIVERED. */
enum attempt_outcome attempt_outcome_of(const struct client_response *response);
const char *attempt_kind_code(int kind); /* "event", "test", "challenge"; "" when unknown */
const char *attempt_outcome_code(int outcome);
struct sentence attempt_outcome_reason(int outcome);

#endif
