# fuzz.mk -- how fuzz targets are built. A part of the Makefile.
#
# In the flavour `fuzz` a target runs on libFuzzer; in any other it replays its
# corpus. The parsers it is compared with are those of Debian's packages: one
# is a library, of the other the package has the source.

FLAGS_fuzz = -O1 -g -DMEM_TRACK -fsanitize=fuzzer-no-link,address,undefined \
             -fno-sanitize-recover=undefined -fno-sanitize=pointer-overflow \
             -fno-omit-frame-pointer -Wno-sign-conversion
ifeq ($(FLAVOUR),fuzz)
CC := clang
endif

FUZZ := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_MAIN := $(if $(filter fuzz,$(FLAVOUR)),,$(B)/tests/fuzz/replay.o)
FUZZ_HELP := $(patsubst tests/%.c,$(B)/tests/%.o,$(wildcard tests/fuzz/http_*.c)) \
             $(patsubst %,$(B)/llhttp/%.o,llhttp api http)

$(B)/tests/fuzz/%.o: tests/fuzz/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -I/usr/share/include/llhttp -MMD -MP -c $< -o $@

$(B)/llhttp/%.o: /usr/share/llhttp/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(FLAGS_$(FLAVOUR)) -w -DLLHTTP_STRICT_MODE=1 \
	  -I/usr/share/include/llhttp -c $< -o $@

$(B)/tests/fuzz/help.a: $(FUZZ_HELP)
	@rm -f $@
	$(Q)ar rcs $@ $^

$(FUZZ): $(B)/%: %.c $(FUZZ_MAIN) $(B)/tests/fuzz/help.a $(OBJECTS)
	@mkdir -p $(@D)
	@echo "  fuzz $<"
	$(Q)$(CC) $(CFLAGS) -Itests -MMD -MP -MF $@.d -o $@ $< \
	  $(if $(FUZZ_MAIN),$(FUZZ_MAIN),-fsanitize=fuzzer) $(OBJECTS) \
	  $(B)/tests/fuzz/help.a -lhttp_parser $(LIBS)

-include $(FUZZ:=.d) $(FUZZ_MAIN:.o=.d) $(FUZZ_HELP:.o=.d)

fuzz-targets: $(FUZZ)

fuzz: deps-fuzz ## feed them what nobody meant to send; FUZZ_SECONDS each [300]
	@tests/fuzz/run.sh $(or $(FUZZ_SECONDS),300) $(FUZZ_TARGETS)

deps-fuzz:
	@tests/house/deps.sh $(NEED_FUZZ)

.PHONY: fuzz fuzz-targets deps-fuzz
