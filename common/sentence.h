/* One sentence for a person, in Chinese and English. Both are borrowed and live as long as the program unless said otherwise. */
#ifndef COMMON_SENTENCE_H
#define COMMON_SENTENCE_H

enum language { LANGUAGE_ZH, LANGUAGE_EN };

struct sentence {
    const char *zh;
    const char *en;
};

static inline const char *sentence_in(struct sentence sentence, enum language language) {
    return language == LANGUAGE_EN ? sentence.en : sentence.zh;
}

/* The better of the two by an Accept-Language header with quality values; NULL, nothing known or a tie: Chinese.
 * "en;q=0.9, zh;q=0.8" is English, "*" is Chinese, "zh;q=0, *" is English. */
enum language language_accepted(const char *accept_language);

#endif
