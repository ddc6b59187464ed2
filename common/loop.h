/* One thread, one loop per service, thin over libuv: timers, descriptors, hooks around the wait, worker threads, signals.
 * A handler does not act on the spot for long: it queues work, and a turn does a bounded amount.
 * Everything here is called from the loop's thread; only the `work` function of loop_work runs elsewhere.
 * x_free is safe inside the thing's own callback and nulls the caller's pointer; no callback comes after it.
 * Running out of memory or descriptors for the loop itself ends the process (must): nothing works without it. */
#ifndef COMMON_LOOP_H
#define COMMON_LOOP_H

#include "common/err.h"

#include <stdbool.h>
#include <stdint.h>

struct uv_loop_s;
struct loop;
struct loop_timer;
struct loop_fd;
struct loop_hook;
struct loop_signal;

enum { LOOP_READ = 1, LOOP_WRITE = 2 }; /* interest and readiness, or-ed */

#define LOOP_WORK_MAX 64 /* jobs waiting or running in the thread pool; more get ERR_FULL */

struct loop *loop_new(void);

/* Everything built on the loop must be freed before; what was freed but not yet closed is closed here. */
void loop_free(struct loop **loop);

/* Runs turns until loop_stop, or until nothing is left that could wake it. */
void loop_run(struct loop *loop);

/* Ends loop_run after the present turn. */
void loop_stop(struct loop *loop);

/* One turn: waits at most wait_ms for something to happen (0: not at all), runs what is due. For tests and tools. */
void loop_turn(struct loop *loop, int64_t wait_ms);

/* For adapters of other libraries (hiredis). Borrowed. */
struct uv_loop_s *loop_uv(struct loop *loop);

/* Monotonic milliseconds, as clock_monotonic_ms(), but read once at the start of the turn. */
int64_t loop_now_ms(const struct loop *loop);

/* ---- timers: fn(context) after delay_ms (give or take a millisecond), then each repeat_ms when that is not 0. A late timer fires once, not several
 * times. Starting an armed timer moves it. */
struct loop_timer *loop_timer_new(struct loop *loop, void (*fn)(void *context), void *context);
void loop_timer_start(struct loop_timer *timer, int64_t delay_ms, int64_t repeat_ms);
void loop_timer_stop(struct loop_timer *timer);
bool loop_timer_is_armed(const struct loop_timer *timer);
void loop_timer_free(struct loop_timer **timer);

/* ---- descriptors: level triggered; fn(context, ready) with LOOP_READ and LOOP_WRITE, both on an error or hang-up.
 * One watcher per descriptor. Free the watcher *before* closing the descriptor. loop_fd_watch(0) pauses. The descriptor stays the caller's.
 * ERR_INVALID: a kind of descriptor that cannot be polled (a plain file); ERR_EXISTS: it has a watcher. */
MUST_USE enum err loop_fd_new(struct loop *loop, int fd, void (*fn)(void *context, int ready), void *context,
                              struct loop_fd **ret_watcher);
void loop_fd_watch(struct loop_fd *watcher, int interest);
void loop_fd_free(struct loop_fd **watcher);

/* ---- hooks: fn runs once a turn, just before the loop would sleep or just after it woke, in the order they were made.
 * It returns true when it did anything or has more to do: then the loop does not sleep but takes another turn at once.
 * This is the place to ask ZMQ_EVENTS, and to act once on everything a turn gathered (a batch). */
enum loop_moment { LOOP_BEFORE_WAIT, LOOP_AFTER_WAIT };
struct loop_hook *loop_hook_new(struct loop *loop, enum loop_moment moment, bool (*fn)(void *context), void *context);
void loop_hook_free(struct loop_hook **hook);

/* Do not sleep before the next turn. A cheap call that any code may make which cannot return true from a hook. */
void loop_stay_awake(struct loop *loop);

/* Whether the hooks before the wait are running: what others leave to them now may be left until the turn after. */
bool loop_is_about_to_wait(const struct loop *loop);

/* ---- threads: work(context) in libuv's pool (4 threads unless UV_THREADPOOL_SIZE says otherwise), then done(context) in the
 * loop. For what burns CPU (Argon2), not for waiting. context is the job's own until done. ERR_FULL: over LOOP_WORK_MAX. */
MUST_USE enum err loop_work(struct loop *loop, void (*work)(void *context), void (*done)(void *context), void *context);
int loop_work_count(const struct loop *loop);

/* ---- signals: fn(context, number) in the loop, not in the signal handler. */
struct loop_signal *loop_signal_new(struct loop *loop, int number, void (*fn)(void *context, int number),
                                    void *context);
void loop_signal_free(struct loop_signal **signal);

#endif
