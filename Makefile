# Paidan. `make help` lists what a user wants; everything below it is found by wildcard, so a new file needs no line here.
# Flavours: release (what is run), asan (what is tested), clang (the second compiler's opinion), faulty (release with test switches).
FLAVOUR ?= release
ifeq ($(origin CC),default)
CC      := gcc
endif
B       := build/$(FLAVOUR)
JOBS    ?= $(shell nproc 2>/dev/null || echo 2)
PKGS    := libzmq hiredis libpq libcjson libuv libmicrohttpd libcurl libsodium libconfuse libutf8proc libxml-2.0
WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wno-unused-parameter $(if $(CI)$(WERROR),-Werror)
HARDEN  := -fPIE -fstack-protector-strong -fstack-clash-protection -fcf-protection -D_FORTIFY_SOURCE=3
CFLAGS_release := -O2 -g $(HARDEN)
LDFLAGS_release := -pie -Wl,-z,relro,-z,now
CFLAGS_asan := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined -DPAIDAN_TEST_BUILD
LDFLAGS_asan := -fsanitize=address,undefined
CFLAGS_faulty := $(CFLAGS_release) -DPAIDAN_TEST_BUILD
LDFLAGS_faulty := $(LDFLAGS_release)
CFLAGS_clang := -O0 -Werror -DPAIDAN_TEST_BUILD
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS   := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lmsgpackc -lgeos_c -lm -lpthread
# the RabbitMQ row of `make bench`, where its client is installed
RABBIT_LIBS := $(shell pkg-config --libs librabbitmq 2>/dev/null)
RABBIT_CFLAGS := $(if $(RABBIT_LIBS),-DHAVE_RABBIT)
CFLAGS  := -std=gnu11 $(WARN) $(CFLAGS_$(FLAVOUR)) -I. $(PKG_CFLAGS) $(EXTRA_CFLAGS)
LDFLAGS := $(LDFLAGS_$(FLAVOUR)) -Wl,-u,must_failed

SERVICES := intake router escalation notification console
LIBS     := kit core common proto
obj       = $(patsubst %.c,$(B)/obj/%.o,$(wildcard $(1)/*.c))
LIB_FILES := $(foreach l,$(LIBS),$(B)/lib$(l).a)
# the parts of services that tests, simulator and benchmarks link: everything but main.c
SERVICE_PARTS := $(foreach s,$(SERVICES),$(filter-out %/main.o,$(call obj,services/$(s))))
BINS     := $(foreach s,$(SERVICES),$(if $(wildcard services/$(s)/main.c),$(B)/bin/paidan-$(s))) \
            $(B)/bin/paidan-image $(if $(wildcard tools/paidan/*.c),$(B)/bin/paidan) \
            $(patsubst tools/%.c,$(B)/bin/%,$(wildcard tools/*.c)) $(patsubst bench/%.c,$(B)/bin/%,$(wildcard bench/*.c)) $(B)/bin/load
UNIT     := $(patsubst tests/unit/%.c,$(B)/tests/%,$(wildcard tests/unit/test_*.c))
# every object of the flavour, for `make objects`: the compiler's opinion without linking
OBJECTS  := $(foreach d,proto core common services/kit services/image $(addprefix services/,$(SERVICES)) tools/paidan tools bench bench/load tests tests/sim tests/unit,\
              $(call obj,$(d)))
QUIET    := $(MAKE) --no-print-directory

all: $(BINS) ## build every program (FLAVOUR=release|asan|faulty)
objects: $(OBJECTS)

$(B)/libkit.a: $(call obj,services/kit)
$(B)/libcore.a: $(call obj,core)
$(B)/libcommon.a: $(call obj,common)
$(B)/libproto.a: $(call obj,proto)
$(B)/lib%.a:
	@mkdir -p $(@D); rm -f $@; ar rcsD $@ $^

$(B)/libparts.a: $(SERVICE_PARTS)
# the command line without its main, for its tests
$(B)/libpaidan.a: $(filter-out %/main.o,$(call obj,tools/paidan))
# traditional and simplified characters, from ICU's table; see tools/gen/variants.c
build/gen/variants.h: tools/gen/variants.c common/text_variants.def
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O1 -I. $< -o $(@D)/variants.$(FLAVOUR) $$(pkg-config --cflags --libs icu-i18n icu-uc)
	@$(@D)/variants.$(FLAVOUR) >$@.$(FLAVOUR) && mv $@.$(FLAVOUR) $@
$(B)/obj/common/text_search.o: build/gen/variants.h
$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -MMD -MP -c $< -o $@

define service_rule
$(B)/bin/paidan-$(1): $(call obj,services/$(1)) $(LIB_FILES)
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $$(LDFLAGS) $$^ $$(PKG_LIBS) -o $$@
endef
$(foreach s,$(SERVICES),$(eval $(call service_rule,$(s))))
# what reads pictures: a program of its own with libraries of its own, which no service links (services/image/image.h)
IMAGE_LIBS := $(shell pkg-config --libs libturbojpeg libpng libwebp libexif libmagic libseccomp 2>/dev/null) -lm
$(B)/bin/paidan-image: $(call obj,services/image)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS:-Wl,-u,must_failed=) $^ $(IMAGE_LIBS) -o $@
$(B)/bin/paidan: $(call obj,tools/paidan) $(LIB_FILES)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) $^ $(PKG_LIBS) -o $@
# the simulator's own loop, bus, db, cache and log are found before the archives'; of the clock only the time is replaced
SIM_PARTS := $(filter-out %/main.o,$(call obj,services/router) $(call obj,services/escalation)) \
             $(B)/obj/services/intake/accept.o $(B)/obj/services/intake/accept_rows.o $(B)/obj/services/intake/files.o \
             $(B)/obj/services/intake/forward.o
$(B)/bin/sim: $(call obj,tests/sim) $(SIM_PARTS) $(LIB_FILES)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -Wl,--wrap=clock_now,--wrap=clock_monotonic_ms,--wrap=clock_monotonic_ns $^ $(PKG_LIBS) -o $@
$(B)/bin/%: $(B)/obj/tools/%.o $(B)/libparts.a $(LIB_FILES)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) $^ $(PKG_LIBS) -o $@
$(B)/bin/%: $(B)/obj/bench/%.o $(B)/libparts.a $(LIB_FILES)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) $^ $(PKG_LIBS) -o $@
$(B)/bin/load: $(call obj,bench/load) $(B)/libparts.a $(LIB_FILES)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) $^ $(PKG_LIBS) $(RABBIT_LIBS) -o $@
$(B)/obj/bench/load/rabbit.o: CFLAGS += $(RABBIT_CFLAGS)
$(B)/tests/%: $(B)/obj/tests/unit/%.o $(call obj,tests) $(B)/libpaidan.a $(B)/libparts.a $(LIB_FILES)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) $^ $(PKG_LIBS) -lcmocka -o $@

# ---- what a user wants. Each recipe calls make again, so that what install-deps brings is seen by pkg-config.

install-deps: ## install what is missing on Debian 12 (FOR=run|test); asks for nothing when all is there
	@compose/install.sh $(or $(FOR),run)

web: ## build the console page into web/dist
	@compose/build.sh web

screens: ## take the pictures in docs/screens from what `make run` started (ONLY=name for some)
	@node web/dev/screens.mjs --only "$(ONLY)"

run: ## install what is missing, build, start everything, load the demo district (PAIDAN_PORT=12345, DATA=messages.csv)
	@$(QUIET) install-deps FOR=run
	@FLAVOUR=$(FLAVOUR) compose/build.sh
	@PAIDAN_FLAVOUR=$(FLAVOUR) PAIDAN_DEMO=day compose/local/ctl up
	@PAIDAN_FLAVOUR=$(FLAVOUR) DATA="$(DATA)" compose/local/demo.sh
	@compose/local/ctl summary

stop: ## stop everything that `make run` started
	@compose/local/ctl down

test: ## every test: unit under sanitizers, a slice of the simulator, checks, whole system; under 20 minutes
	@$(QUIET) install-deps FOR=test
	@tests/run all

# what looks at pictures is a program beside the tests; its test makes pictures
$(B)/tests/test_image: PKG_LIBS += $(IMAGE_LIBS)
$(UNIT): | $(B)/bin/paidan-image

unit-build: $(UNIT)
unit: ## the cmocka tests, built with ASan + UBSan (ONLY=name for one)
	@tests/run unit $(ONLY)
system: ## the tests of the running whole (ONLY=name for one)
	@tests/run system $(ONLY)

check: ## under a minute: format, include direction, core purity, clang -Werror, docs, scripts
	@tools/check/all

format: ## clang-format every C file in place
	@git ls-files '*.c' '*.h' | xargs -r clang-format -i --style=file

docs: ## regenerate docs/lifecycle.md, docs/messages.md, docs/config.md from the programs
	@tools/check/docs --write

sim: ## the simulator in virtual time: SIM_SECONDS=30 of seeds from SIM_FIRST, or one with its trace: SIM_SEED=7 (SIM_STEPS, SIM_MISTAKE)
	@$(QUIET) -j$(JOBS) build/faulty/bin/sim FLAVOUR=faulty
	@build/faulty/bin/sim --steps $(or $(SIM_STEPS),20000) $(if $(SIM_MISTAKE),--mistake $(SIM_MISTAKE)) \
	 $(if $(SIM_SEED),--seed $(SIM_SEED) --trace,--seed $(or $(SIM_FIRST),1) --seconds $(or $(SIM_SECONDS),30) --jobs $(JOBS))

histories: ## HISTORIES=10000 random histories of at least 30 commands in the simulator, from HISTORIES_FIRST=1; some two minutes
	@$(QUIET) -j$(JOBS) build/faulty/bin/sim FLAVOUR=faulty
	@build/faulty/bin/sim --histories $(or $(HISTORIES),10000) --seed $(or $(HISTORIES_FIRST),1) --jobs $(JOBS)

hotline: ## a day with a troubled hotline on a private copy: N=20000 requests, SEED=1; some minutes
	@$(QUIET) install-deps FOR=test
	@compose/build.sh && compose/npm.sh tests/system
	@N=$(N) SEED=$(SEED) node tests/hotline/run.mjs

wall-day: ## a day of the big screen, accelerated: its memory may not grow (HOURS=24); some ten minutes
	@WALL_HOURS=$(or $(HOURS),24) tests/run system wall

bench: ## measure throughput and latency
	@if [ -x bench/run ]; then bench/run; else echo "bench: not written yet, so nothing was measured"; exit 1; fi
fuzz: ## fuzz the parsers with libFuzzer
	@if [ -x tests/fuzz/run ]; then tests/fuzz/run; else echo "fuzz: not written yet, so nothing was fuzzed"; exit 1; fi
chaos: ## break the running system on purpose and check every invariant
	@if [ -x tests/chaos/run ]; then tests/chaos/run; else echo "chaos: not written yet, so nothing was broken"; exit 1; fi

clean: ## remove everything built (var/, with its data, stays)
	rm -rf build web/dist web/node_modules tests/system/node_modules

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' Makefile

.PHONY: all objects install-deps web screens run stop test unit unit-build system check format docs sim histories hotline wall-day bench fuzz chaos clean help
.SECONDARY:
# tests are only ever test builds; what they replace is inline elsewhere
build/clang/obj/tests/%.o: CFLAGS += -DPAIDAN_TEST_BUILD
-include $(shell find $(B) -name '*.d' 2>/dev/null)
