/* must(): our own mistakes. Always compiled in; a false condition ends the process, as no state after it can be trusted.
 * Not for the world's failures (enum err) nor for what a user may not do (enum verdict). */
#ifndef PROTO_MUST_H
#define PROTO_MUST_H

/* Provided by whoever links: prints to stderr and aborts. Never returns. */
_Noreturn void must_failed(const char *condition, const char *file, int line);

#define must(condition) ((condition) ? (void)0 : must_failed(#condition, __FILE__, __LINE__))

#endif
