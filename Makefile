# Paidan. `make help` lists what a user wants; everything below it is found by wildcard, so a new file needs no line here.
FLAVOUR ?= release
CC      ?= gcc
B       := build/$(FLAVOUR)
PKGS    := libzmq hiredis libpq libcjson libuv libmicrohttpd libcurl libsodium libconfuse libutf8proc
WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wno-unused-parameter $(if $(CI)$(WERROR),-Werror)
HARDEN  := -fPIE -fstack-protector-strong -fstack-clash-protection -fcf-protection -D_FORTIFY_SOURCE=3
CFLAGS_release := -O2 -g $(HARDEN)
LDFLAGS_release := -pie -Wl,-z,relro,-z,now
CFLAGS_asan := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined -DPAIDAN_TEST_BUILD
LDFLAGS_asan := -fsanitize=address,undefined
CFLAGS_faulty := $(CFLAGS_release) -DPAIDAN_TEST_BUILD
LDFLAGS_faulty := $(LDFLAGS_release)
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS   := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lmsgpackc -lgeos_c -lm -lpthread
CFLAGS  := -std=gnu11 $(WARN) $(CFLAGS_$(FLAVOUR)) -I. $(PKG_CFLAGS) $(EXTRA_CFLAGS)
LDFLAGS := $(LDFLAGS_$(FLAVOUR))

SERVICES := intake router escalation notification console
LIBS     := kit core common proto
obj       = $(patsubst %.c,$(B)/obj/%.o,$(wildcard $(1)/*.c))
LIB_FILES := $(foreach l,$(LIBS),$(B)/lib$(l).a)
# the parts of services that tests, simulator and benchmarks link: everything but main.c
SERVICE_PARTS := $(foreach s,$(SERVICES),$(filter-out %/main.o,$(call obj,services/$(s))))
BINS     := $(foreach s,$(SERVICES),$(if $(wildcard services/$(s)/main.c),$(B)/bin/paidan-$(s))) \
            $(if $(wildcard tools/paidan/*.c),$(B)/bin/paidan) \
            $(patsubst tools/%.c,$(B)/bin/%,$(wildcard tools/*.c)) $(patsubst bench/%.c,$(B)/bin/%,$(wildcard bench/*.c))
UNIT     := $(patsubst tests/unit/%.c,$(B)/tests/%,$(wildcard tests/unit/test_*.c))

all: $(BINS)

$(B)/libkit.a: $(call obj,services/kit)
$(B)/libcore.a: $(call obj,core)
$(B)/libcommon.a: $(call obj,common)
$(B)/libproto.a: $(call obj,proto)
$(B)/lib%.a:
	@mkdir -p $(@D); rm -f $@; ar rcsD $@ $^

$(B)/libparts.a: $(SERVICE_PARTS)
$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -MMD -MP -c $< -o $@

define service_rule
$(B)/bin/paidan-$(1): $(call obj,services/$(1)) $(LIB_FILES)
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $$(LDFLAGS) $$^ $$(PKG_LIBS) -o $$@
endef
$(foreach s,$(SERVICES),$(eval $(call service_rule,$(s))))
$(B)/bin/paidan: $(call obj,tools/paidan) $(LIB_FILES)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) $^ $(PKG_LIBS) -o $@
$(B)/bin/%: $(B)/obj/tools/%.o $(B)/libparts.a $(LIB_FILES)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) $^ $(PKG_LIBS) -o $@
$(B)/bin/%: $(B)/obj/bench/%.o $(B)/libparts.a $(LIB_FILES)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) $^ $(PKG_LIBS) -o $@
$(B)/tests/%: $(B)/obj/tests/unit/%.o $(B)/libparts.a $(LIB_FILES)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) $^ $(PKG_LIBS) -lcmocka -o $@

unit-build: $(UNIT)
unit:
	@$(MAKE) --no-print-directory FLAVOUR=asan unit-build
	@for t in $(patsubst tests/unit/%.c,build/asan/tests/%,$(wildcard tests/unit/test_*.c)); do echo "== $$t"; $$t || exit 1; done

.PHONY: all unit unit-build
.SECONDARY:
-include $(shell find $(B) -name '*.d' 2>/dev/null)
