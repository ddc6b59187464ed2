/* The two languages every sentence for people exists in. Not for locale: text is UTF-8, dates and hours are written
 * alike. */
#ifndef CORE_LANG_H
#define CORE_LANG_H

enum lang { LANG_ZH, LANG_EN };

#endif
