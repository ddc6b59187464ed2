/* The loop over libuv. libuv closes a handle a turn later, so each thing here is one heap block that begins with its handle and
 * is released by the close callback; the caller's pointer is gone at once. */
#include "common/loop.h"

#include "proto/must.h"

#include <stdlib.h>
#include <uv.h>

struct loop {
    uv_loop_t uv;
    uv_prepare_t before_wait;
    uv_check_t after_wait;
    uv_idle_t no_sleep;         /* active: the coming wait takes no time */
    uv_timer_t turn_limit;      /* loop_turn */
    struct loop_hook *hooks[2]; /* by enum loop_moment, in the order they were made */
    bool stay_awake, about_to_wait;
    int work_count;
};

struct loop_timer {
    uv_timer_t uv;
    void (*fn)(void *context);
    void *context;
};

struct loop_fd {
    uv_poll_t uv;
    void (*fn)(void *context, int ready);
    void *context;
};

struct loop_signal {
    uv_signal_t uv;
    void (*fn)(void *context, int number);
    void *context;
};

struct loop_hook {
    struct loop_hook *next;
    struct loop *loop;
    enum loop_moment moment;
    bool (*fn)(void *context); /* NULL: freed while hooks ran, unlinked afterwards */
    void *context;
};

struct job {
    uv_work_t uv;
    struct loop *loop;
    void (*work)(void *context);
    void (*done)(void *context);
    void *context;
};

static void *take(size_t size) {
    void *at = calloc(1, size);
    must(at != NULL);
    return at;
}

static void release(uv_handle_t *handle) {
    free(handle->data);
}

/* Every handle's data is the block it stands in. */
static void close_handle(void *block, void *handle) {
    ((uv_handle_t *)handle)->data = block;
    uv_close(handle, release);
}

/* ---- hooks */

/* Also unlinks hooks that were freed meanwhile: only here is nobody walking the list. */
static bool run_hooks(struct loop *loop, enum loop_moment moment) {
    bool more = false;
    for (struct loop_hook **link = &loop->hooks[moment]; *link;) {
        struct loop_hook *hook = *link;
        if (hook->fn && hook->fn(hook->context)) more = true;
        if (hook->fn) {
            link = &hook->next;
            continue;
        }
        *link = hook->next;
        free(hook);
    }
    return more;
}

static void nothing_idle(uv_idle_t *idle) {}

/* libuv runs prepare handles newest first; this one is the oldest, so nothing runs between the hooks and the wait. */
static void before_wait(uv_prepare_t *prepare) {
    struct loop *loop = prepare->data;
    loop->about_to_wait = true;
    bool more = run_hooks(loop, LOOP_BEFORE_WAIT);
    loop->about_to_wait = false;
    if (more || loop->stay_awake)
        uv_idle_start(&loop->no_sleep, nothing_idle);
    else
        uv_idle_stop(&loop->no_sleep);
    loop->stay_awake = false;
}

static void after_wait(uv_check_t *check) {
    struct loop *loop = check->data;
    uv_idle_stop(&loop->no_sleep);
    if (run_hooks(loop, LOOP_AFTER_WAIT)) loop->stay_awake = true;
}

struct loop_hook *loop_hook_new(struct loop *loop, enum loop_moment moment, bool (*fn)(void *context), void *context) {
    struct loop_hook *hook = take(sizeof *hook);
    *hook = (struct loop_hook){.loop = loop, .moment = moment, .fn = fn, .context = context};
    struct loop_hook **link = &loop->hooks[moment];
    while (*link) link = &(*link)->next;
    *link = hook;
    return hook;
}

void loop_hook_free(struct loop_hook **hook) {
    if (*hook) (*hook)->fn = NULL;
    *hook = NULL;
}

void loop_stay_awake(struct loop *loop) {
    loop->stay_awake = true;
}

bool loop_is_about_to_wait(const struct loop *loop) {
    return loop->about_to_wait;
}

/* ---- the loop itself */

struct loop *loop_new(void) {
    struct loop *loop = take(sizeof *loop);
    must(uv_loop_init(&loop->uv) == 0);
    uv_prepare_init(&loop->uv, &loop->before_wait);
    uv_check_init(&loop->uv, &loop->after_wait);
    uv_idle_init(&loop->uv, &loop->no_sleep);
    uv_timer_init(&loop->uv, &loop->turn_limit);
    loop->before_wait.data = loop->after_wait.data = loop;
    uv_prepare_start(&loop->before_wait, before_wait);
    uv_check_start(&loop->after_wait, after_wait);
    /* these two are always active and must not keep an otherwise finished loop alive */
    uv_unref((uv_handle_t *)&loop->before_wait);
    uv_unref((uv_handle_t *)&loop->after_wait);
    return loop;
}

void loop_free(struct loop **loop_) {
    struct loop *loop = *loop_;
    if (!loop) return;
    *loop_ = NULL;
    while (loop->work_count > 0) uv_run(&loop->uv, UV_RUN_ONCE); /* their contexts are still in use by the threads */
    run_hooks(loop, LOOP_BEFORE_WAIT);                           /* unlinks the freed ones */
    run_hooks(loop, LOOP_AFTER_WAIT);
    must(!loop->hooks[LOOP_BEFORE_WAIT] && !loop->hooks[LOOP_AFTER_WAIT]);
    uv_close((uv_handle_t *)&loop->before_wait, NULL);
    uv_close((uv_handle_t *)&loop->after_wait, NULL);
    uv_close((uv_handle_t *)&loop->no_sleep, NULL);
    uv_close((uv_handle_t *)&loop->turn_limit, NULL);
    int result = UV_EBUSY;
    for (int i = 0; i < 10 && result == UV_EBUSY; i++) {
        uv_run(&loop->uv, UV_RUN_NOWAIT); /* close callbacks */
        result = uv_loop_close(&loop->uv);
    }
    must(result == 0); /* a timer, watcher or signal was not freed */
    free(loop);
}

void loop_run(struct loop *loop) {
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *loop) {
    uv_stop(&loop->uv);
}

static void turn_is_over(uv_timer_t *timer) {}

void loop_turn(struct loop *loop, int64_t wait_ms) {
    if (wait_ms <= 0) {
        uv_run(&loop->uv, UV_RUN_NOWAIT);
        return;
    }
    uv_update_time(&loop->uv);
    uv_timer_start(&loop->turn_limit, turn_is_over, (uint64_t)wait_ms, 0);
    uv_run(&loop->uv, UV_RUN_ONCE);
    uv_timer_stop(&loop->turn_limit);
}

struct uv_loop_s *loop_uv(struct loop *loop) {
    return &loop->uv;
}

int64_t loop_now_ms(const struct loop *loop) {
    return (int64_t)uv_now(&loop->uv);
}

/* ---- timers */

static void timer_fires(uv_timer_t *handle) {
    struct loop_timer *timer = (struct loop_timer *)handle;
    timer->fn(timer->context);
}

struct loop_timer *loop_timer_new(struct loop *loop, void (*fn)(void *context), void *context) {
    struct loop_timer *timer = take(sizeof *timer);
    timer->fn = fn;
    timer->context = context;
    must(uv_timer_init(&loop->uv, &timer->uv) == 0);
    return timer;
}

void loop_timer_start(struct loop_timer *timer, int64_t delay_ms, int64_t repeat_ms) {
    must(repeat_ms >= 0);
    uv_update_time(timer->uv.loop); /* a delay counts from now, not from the start of a long turn */
    uv_timer_start(&timer->uv, timer_fires, delay_ms > 0 ? (uint64_t)delay_ms : 0, (uint64_t)repeat_ms);
}

void loop_timer_stop(struct loop_timer *timer) {
    uv_timer_stop(&timer->uv);
}

bool loop_timer_is_armed(const struct loop_timer *timer) {
    return uv_is_active((const uv_handle_t *)&timer->uv);
}

void loop_timer_free(struct loop_timer **timer) {
    if (*timer) close_handle(*timer, &(*timer)->uv);
    *timer = NULL;
}

/* ---- descriptors */

static void fd_is_ready(uv_poll_t *handle, int status, int events) {
    struct loop_fd *watcher = (struct loop_fd *)handle;
    int ready = (events & UV_READABLE ? LOOP_READ : 0) | (events & UV_WRITABLE ? LOOP_WRITE : 0);
    watcher->fn(watcher->context, status < 0 ? LOOP_READ | LOOP_WRITE : ready);
}

enum err loop_fd_new(struct loop *loop, int fd, void (*fn)(void *context, int ready), void *context,
                     struct loop_fd **ret_watcher) {
    struct loop_fd *watcher = take(sizeof *watcher);
    watcher->fn = fn;
    watcher->context = context;
    int result = uv_poll_init(&loop->uv, &watcher->uv, fd);
    if (result < 0) {
        free(watcher);
        return result == UV_EEXIST ? ERR_EXISTS : ERR_INVALID;
    }
    *ret_watcher = watcher;
    return ERR_NONE;
}

void loop_fd_watch(struct loop_fd *watcher, int interest) {
    int events = (interest & LOOP_READ ? UV_READABLE : 0) | (interest & LOOP_WRITE ? UV_WRITABLE : 0);
    int result = events ? uv_poll_start(&watcher->uv, events, fd_is_ready) : uv_poll_stop(&watcher->uv);
    must(result == 0);
}

void loop_fd_free(struct loop_fd **watcher) {
    if (*watcher) close_handle(*watcher, &(*watcher)->uv);
    *watcher = NULL;
}

/* ---- threads */

static void job_runs(uv_work_t *handle) {
    struct job *job = (struct job *)handle;
    job->work(job->context);
}

static void job_is_done(uv_work_t *handle, int status) {
    struct job *job = (struct job *)handle;
    job->loop->work_count--;
    void (*done)(void *context) = job->done;
    void *context = job->context;
    free(job);
    done(context);
}

enum err loop_work(struct loop *loop, void (*work)(void *context), void (*done)(void *context), void *context) {
    if (loop->work_count >= LOOP_WORK_MAX) return ERR_FULL;
    struct job *job = take(sizeof *job);
    *job = (struct job){.loop = loop, .work = work, .done = done, .context = context};
    must(uv_queue_work(&loop->uv, &job->uv, job_runs, job_is_done) == 0);
    loop->work_count++;
    return ERR_NONE;
}

int loop_work_count(const struct loop *loop) {
    return loop->work_count;
}

/* ---- signals */

static void signal_arrives(uv_signal_t *handle, int number) {
    struct loop_signal *signal = (struct loop_signal *)handle;
    signal->fn(signal->context, number);
}

struct loop_signal *loop_signal_new(struct loop *loop, int number, void (*fn)(void *context, int number),
                                    void *context) {
    struct loop_signal *signal = take(sizeof *signal);
    signal->fn = fn;
    signal->context = context;
    must(uv_signal_init(&loop->uv, &signal->uv) == 0);
    must(uv_signal_start(&signal->uv, signal_arrives, number) == 0);
    uv_unref((uv_handle_t *)&signal->uv); /* waiting for a signal alone keeps nothing running */
    return signal;
}

void loop_signal_free(struct loop_signal **signal) {
    if (*signal) close_handle(*signal, &(*signal)->uv);
    *signal = NULL;
}
