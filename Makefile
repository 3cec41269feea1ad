# Perilune. `make help` lists the targets; `make run` and `make test` are the
# two that always work, on a fresh machine too.

SHELL := /bin/bash
PREFIX ?= /usr/local
Q := $(if $(V),,@)
VERSION := $(shell sed -n 's/^\#define PERI_VERSION "\(.*\)"/\1/p' core/perilune.h)

# A flavour is a set of compiler flags with a build folder of its own.
#   release  build/         what is installed
#   check    build/check/   counts allocations; unit tests run on it
#   asan     build/asan/    the same under ASan + UBSan
#   tsan     build/tsan/    the same under TSan
#   fuzz     build/fuzz/    see tests/fuzz/fuzz.mk
#   mutants  build/mutants/ defences can be taken away, see base/defence.h
#
# HARDEN is what makes a mistake of ours hard to use; the sanitizers want to see
# the mistake itself. It is of the files; what is of the process (core/gate/
# harden.h) is done by the program alone. `make HARDEN=` leaves it out.
# -ftrivial-auto-var-init=zero is not in it: gcc 12.2 then clears the wrong bytes
# of a struct in which padding follows an array of structs.
FLAVOUR ?= release
takes = $(shell $(CC) -Werror $(1) -x c -c /dev/null -o /dev/null 2>/dev/null && echo $(1))
HARDEN := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong \
          -fno-delete-null-pointer-checks -fno-strict-overflow \
          $(foreach f,-fstack-clash-protection -fcf-protection=full,\
            $(call takes,$(f)))
HARDEN_LINK := -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code,--as-needed
FLAGS_release = -O2 -g $(HARDEN)
FLAGS_check   = -O1 -g -DMEM_TRACK
FLAGS_asan    = -O1 -g -DMEM_TRACK -fsanitize=address,undefined \
                -fno-sanitize-recover=undefined -fno-omit-frame-pointer
FLAGS_tsan    = -O1 -g -DMEM_TRACK -fsanitize=thread
FLAGS_mutants = -O1 -g -DMEM_TRACK -DMUTANTS
B := build$(if $(filter-out release,$(FLAVOUR)),/$(FLAVOUR))

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wvla -Wformat=2 \
        -Wimplicit-fallthrough -Wstrict-prototypes -Wmissing-prototypes -Werror
CFLAGS += -std=c11 -D_GNU_SOURCE -fPIC -fvisibility=hidden -pthread $(WARN) \
          $(FLAGS_$(FLAVOUR)) -Icore -I/usr/include/lua5.4 \
          -DPERI_VERSION_TEXT='"$(VERSION)"'

# What is small and rarely on a machine is linked in, so that one copied file
# runs wherever libcurl is.
STATIC := -Wl,-Bstatic -llua5.4 -lev -llmdb -Wl,-Bdynamic
LIBS := $(STATIC) -lcurl -lcrypto -lm -ldl -pthread

ROOMS := base kernel wire meter store net run bind serve tool
SOURCES := $(foreach r,$(ROOMS),$(wildcard core/$(r)/*.c core/$(r)/*/*.c)) $(wildcard core/perilune*.c)
OBJECTS := $(SOURCES:core/%.c=$(B)/%.o) $(B)/embedded.o $(B)/lua_cjson.o
GATE := $(patsubst core/%.c,$(B)/%.o,$(wildcard core/gate/*.c))
LUA := $(sort $(wildcard lua/*.lua lua/*/*.lua policies/*.json) $(filter-out %_test.lua,$(wildcard policies/*.lua)))
UNIT := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard $(ROOMS:%=tests/%/test_*.c)))

all: $(B)/perilune $(B)/libperilune.a $(B)/libperilune.so ## build the gateway and the library

help: ## this list
	@grep -hE '^[a-z][a-z-]*:.*##' $(MAKEFILE_LIST) | \
	  awk -F ':.*## ' '{ printf "make %-10s %s\n", $$1, $$2 }'

# --- what it is built from -------------------------------------------------

$(B)/%.o: core/%.c
	@mkdir -p $(@D)
	@echo "  cc   $<"
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c $< -o $@

$(B)/embedded.c: $(LUA) tests/house/embed.sh
	@mkdir -p $(@D)
	@tests/house/embed.sh $(LUA) > $@.new && mv $@.new $@

$(B)/embedded.o: $(B)/embedded.c
	$(Q)$(CC) $(CFLAGS) -c $< -o $@

# lua-cjson ends the process where it lacks memory; here it asks us instead of
# the C library, see core/bind/cjson.c.
CJSON := $(shell $(CC) -print-file-name=liblua5.4-cjson.a)
CJSON_ASKS := malloc realloc free exit abort stderr fputc fwrite __fprintf_chk \
              __vfprintf_chk
$(B)/lua_cjson.o: $(CJSON) Makefile
	@mkdir -p $(@D)
	$(Q)ld -r --whole-archive $< -o $@
	$(Q)objcopy --keep-global-symbol=luaopen_cjson \
	  $(foreach f,$(CJSON_ASKS),--redefine-sym $(f)=cjson_$(f)) $@

# Everything but peri_* becomes local, so that a host's own names stay its own.
$(B)/libperilune.a: $(OBJECTS)
	$(Q)ld -r -o $(B)/perilune_all.o $(OBJECTS)
	$(Q)objcopy --localize-hidden $(B)/perilune_all.o
	@rm -f $@
	@echo "  ar   $@"
	$(Q)ar rcs $@ $(B)/perilune_all.o

$(B)/libperilune.so: $(OBJECTS)
	@echo "  ld   $@"
	$(Q)$(CC) $(CFLAGS) -shared $(HARDEN_LINK) -Wl,-soname,libperilune.so.0 -o $@ $(OBJECTS) \
	  -llua5.4 -lev -llmdb -lcurl -lcrypto -lm -pthread

# The program exports Lua's C API to nobody; it sees perilune.h only.
$(B)/perilune: $(GATE) $(B)/libperilune.a
	@echo "  ld   $@"
	$(Q)$(CC) $(CFLAGS) -pie $(HARDEN_LINK) -o $@ $(GATE) $(B)/libperilune.a $(LIBS)

$(B)/tests/%: tests/%.c tests/unit.h $(OBJECTS)
	@mkdir -p $(@D)
	@echo "  test $<"
	$(Q)$(CC) $(CFLAGS) -Itests -MMD -MP -o $@ $< $(OBJECTS) $(LIBS)

# The torture is an embedding program under a library that fails its calls.
SHIM := $(wildcard tests/faults/shim*.c)
$(B)/faults/shim.so: $(SHIM) $(wildcard tests/faults/shim*.h)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE -O1 -g -fPIC $(WARN) -shared -Wl,-soname,shim.so -o $@ $(SHIM) -ldl

$(B)/faults/torture: $(wildcard tests/faults/*.[ch]) $(B)/gate/loopguard.o \
                     $(B)/libperilune.a $(B)/faults/shim.so
	@echo "  test $@"
	$(Q)$(CC) $(CFLAGS) -rdynamic -o $@ $(filter-out $(SHIM),$(filter %.c,$^)) \
	  $(B)/gate/loopguard.o $(B)/libperilune.a \
	  $(B)/faults/shim.so -Wl,-rpath,'$$ORIGIN' $(LIBS)

-include $(OBJECTS:.o=.d) $(GATE:.o=.d) $(UNIT:=.d)

include tests/fuzz/fuzz.mk

# --- running and testing ---------------------------------------------------

run: deps ## install what is missing, build, start the gateway on its default
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@exec $(B)/perilune serve $(if $(wildcard build/tokenizers),--tokenizers build/tokenizers)

tokenizers: deps-tokenizers ## fetch the vocabularies tokens are counted by
	@tests/house/tokenizers.sh build/tokenizers

test: deps-test ## install what is missing, build, run every test
	@tests/run.sh

test-long: deps-test ## the same with the full counts; takes long
	@PERILUNE_LONG=1 tests/run.sh

unit: $(UNIT) ## build the unit tests of a flavour

asan: ## build and unit-test under ASan and UBSan
	@tests/house/build_and_unit.sh asan

tsan: ## build and unit-test under TSan
	@tests/house/build_and_unit.sh tsan

torture: deps-test ## every allocation and system call fails in turn; takes long
	@PERILUNE_LONG=1 tests/faults/run.sh asan

bench: deps-bench ## CPU time per request, beside nginx and haproxy
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@tests/bench/run.sh
	@$(MAKE) --no-print-directory bench-targets bench-tokens

bench-tokens: deps-tokenizers $(B)/tests/tokens/ids ## counting tokens, beside npm's tokenizers
	@tests/tokens/bench.sh $(B)

bench-wire: $(B)/tests/wire/bench_wire ## what reading bodies and streams costs, per byte
	@$<

mutants: deps-test ## each defence's test is red without it
	@tests/house/mutants.sh

$(B)/bench/micro/%: tests/bench/micro/%.c $(OBJECTS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -o $@ $< $(OBJECTS) $(LIBS)

bench-hook: $(B)/bench/micro/hook ## what the sandbox's count hook costs a policy
bench-world: $(B)/bench/micro/world ## requests a second in the simulated world
bench-targets: $(B)/bench/micro/targets ## what is decided before a call: breaker, pick of a target
bench-retry: $(B)/bench/micro/retry ## what the bookkeeping of retries costs
bench-limits: $(B)/bench/micro/limits ## what a limit costs a request
bench-budget: $(B)/bench/micro/budget ## a reservation over six budgets and its end
bench-usage: $(B)/bench/micro/usage ## what it costs to book who has used what
bench-marks: $(B)/bench/micro/marks ## what the mark of a client's key costs
bench-hook bench-world bench-targets bench-retry bench-limits bench-budget bench-marks \
        bench-usage:
	@$<

bench-store: $(B)/bench/micro/store ## rows stored a second, and how long each waits
	@rm -rf $(B)/bench/store.data
	@$< $(B)/bench/store.data $(BENCH_SECONDS)

overload: deps-test ## ten times too much for a minute, and slow clients
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@tests/overload/run.sh

soak: deps-test ## an hour of traffic with faults: memory, descriptors, books
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@PERILUNE_BIN=build/perilune node tests/soak/soak.mjs

layers: ## the rooms depend one way
	@tests/house/layers.sh

symbols: $(B)/libperilune.a $(B)/libperilune.so ## only peri_* is exported
	@tests/house/symbols.sh $(B)

lint: deps-test ## layout limits, clang-format, luacheck
	@tests/house/lint.sh

fmt: ## put the C files into shape
	clang-format -i $$(git ls-files 'core/*.[ch]' 'tests/*.[ch]' 'examples/*.c')

install: all ## into PREFIX (/usr/local)
	install -D -m 755 $(B)/perilune $(DESTDIR)$(PREFIX)/bin/perilune
	install -D -m 644 core/perilune.h $(DESTDIR)$(PREFIX)/include/perilune.h
	install -D -m 644 $(B)/libperilune.a $(DESTDIR)$(PREFIX)/lib/libperilune.a
	install -D -m 755 $(B)/libperilune.so $(DESTDIR)$(PREFIX)/lib/libperilune.so.0
	ln -sf libperilune.so.0 $(DESTDIR)$(PREFIX)/lib/libperilune.so
	[ ! -d build/tokenizers ] || \
	  install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/perilune/tokenizers build/tokenizers/*

clean: ## remove everything built
	rm -rf build

# --- what must be on the machine -------------------------------------------

NEED_BUILD := gcc libc6-dev linux-libc-dev binutils liblua5.4-dev lua-cjson-dev libcurl4-openssl-dev \
              libssl-dev libev-dev liblmdb-dev
NEED_FUZZ  := $(NEED_BUILD) clang libclang-rt-14-dev libhttp-parser-dev node-llhttp
NEED_TEST  := $(NEED_FUZZ) git lua5.4 curl openssl clang-format lua-check \
              util-linux $(if $(shell command -v npm),,nodejs npm)
NEED_BENCH := $(NEED_BUILD) git nginx-light haproxy \
              $(if $(BENCH_PORTKEY),$(if $(shell command -v npm),,nodejs npm))

deps: ## install what building needs (apt, only what is missing)
	@tests/house/deps.sh $(NEED_BUILD)

deps-test: ## the same for the tests
	@tests/house/deps.sh $(NEED_TEST)

deps-tokenizers:
	@tests/house/deps.sh $(if $(shell command -v npm),,nodejs npm)

deps-bench: ## the same for the bench
	@tests/house/deps.sh $(NEED_BENCH)

.PHONY: all help run test test-long unit asan tsan torture mutants bench bench-wire \
        bench-hook bench-world bench-targets bench-retry bench-limits bench-budget bench-marks \
        bench-usage bench-store bench-tokens tokenizers deps-tokenizers \
        overload soak fuzz layers symbols lint fmt install clean deps \
        deps-test deps-bench
.DELETE_ON_ERROR:
