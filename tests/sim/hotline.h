/* The two halves of people.h, for people.h's own functions. */
#ifndef SIM_HOTLINE_H
#define SIM_HOTLINE_H

void hotline_work(int requests_per_second);
int hotline_waiting(void);
void hotline_done(void);

#endif
