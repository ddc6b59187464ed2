/* See answer.h. */
#include "services/kit/answer.h"

#include "core/lifecycle.h"
#include "proto/codec.h"

bool answer_look(struct answer_search *search, int type, const struct effect *effect) {
    bool asked = type == EVENT_FINISH_ASKED;
    if (asked && !search->ended) return false; /* asked again since, and not agreed to yet */
    if (search->result == 0) search->result = effect->result;
    search->ended = type == EVENT_FINISHED;
    return effect->answer.len > 0;
}

static bool is_answer(struct answer_search *search, int type, const struct effect *effect, struct text *ret_text,
                      uint8_t *ret_result) {
    if (!answer_look(search, type, effect)) return false;
    *ret_text = effect->answer;
    *ret_result = search->result;
    return true;
}

bool answer_told(int type, const struct effect *effect, const struct answer_bodies *before, struct text *ret_text,
                 uint8_t *ret_result) {
    static const int types[] = {EVENT_FINISHED, EVENT_FINISH_ASKED};
    static struct effect was; /* large; one thread */
    struct answer_search search = {.ended = false};
    if (!lifecycle_tells_answer(type)) return false;
    if (type != EVENT_CHECK_PASSED) return is_answer(&search, type, effect, ret_text, ret_result);
    for (int i = 0; i < 2; i++) {
        if (codec_decode(&type_effect, before->at[i], before->len[i], &was, NULL) != CODEC_OK) continue;
        if (is_answer(&search, types[i], &was, ret_text, ret_result)) return true;
    }
    return false;
}
