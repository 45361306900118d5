# Fuzz targets: what each links.  A target sees the device under test and the
# simulator, nothing else; the harness itself is not instrumented.
FUZZ		:= empty vq virtio viornd vioblk vionet frame trace restore vioscsi

# The decoding of inputs and their digests are harness, too, unless they are
# what is tested: the archives quiet-* are the same sources without instrumentation.
fuzzlibs	:= sim quiet-trace quiet-msg dev net virtio devif gmem quiet-base
fuzz_vq_libs	:= $(fuzzlibs)
fuzz_virtio_libs := $(fuzzlibs)
fuzz_viornd_libs := $(fuzzlibs)
fuzz_vioblk_libs := $(fuzzlibs)
fuzz_vionet_libs := $(fuzzlibs)
fuzz_restore_libs := $(fuzzlibs)
fuzz_frame_libs	:= trace msg devif gmem base
fuzz_trace_libs	:= trace msg devif gmem base
fuzz_empty_libs	:= trace msg devif gmem base

fuzz_virtio_objs := simtarget
fuzz_viornd_objs := simtarget
fuzz_vioblk_objs := simtarget
fuzz_vioscsi_libs := $(fuzzlibs)
fuzz_vioscsi_objs := simtarget
fuzz_vionet_objs := simtarget

# Disks: images, programs of operations, copies.
FUZZ		+= raw qcow2 qcow2_ops convert
fuzzdisk	:= sim trace msg dev net virtio devif gmem disk base
fuzz_raw_libs	:= $(fuzzdisk)
fuzz_qcow2_libs	:= $(fuzzdisk)
fuzz_qcow2_ops_libs := $(patsubst disk,faulty-disk,$(fuzzdisk))
fuzz_qcow2_ops_objs := nomemory
fuzz_convert_libs := $(fuzzdisk)
fuzz_raw_objs	:= diskimage
fuzz_qcow2_objs	:= diskimage
fuzz_convert_objs := diskimage
fuzz_raw_ld	:= $(ZIP)
fuzz_qcow2_ld	:= $(ZIP)
fuzz_qcow2_ops_ld := $(ZIP)
fuzz_convert_ld	:= $(ZIP)

# Control.
FUZZ		+= vmmci
fuzz_vmmci_libs	:= $(fuzzlibs)
fuzz_vmmci_objs	:= simtarget

# The disk layer as it is, with other names for what it takes memory with.
OBJCOPY		?= objcopy
$(call lib,faulty-disk): $(call lib,disk)
	$(OBJCOPY) --redefine-sym malloc=faulty_malloc \
	    --redefine-sym calloc=faulty_calloc \
	    --redefine-sym realloc=faulty_realloc $< $@

# Packets.
FUZZ		+= dhcp
fuzz_dhcp_libs	:= sim trace msg devif gmem net base

# A device over images.
FUZZ		+= vioblk_raw vioblk_qcow2
fuzzdiskdev	:= sim quiet-trace quiet-msg dev virtio diskblk disk devif \
		   gmem quiet-base
fuzz_vioblk_raw_libs := $(fuzzdiskdev)
fuzz_vioblk_raw_objs := simtarget
fuzz_vioblk_raw_ld := $(ZIP)
fuzz_vioblk_qcow2_libs := $(fuzzdiskdev)
fuzz_vioblk_qcow2_objs := simtarget
fuzz_vioblk_qcow2_ld := $(ZIP)

# What a machine starts with, and commands of device tests.
FUZZ		+= elf bzimage qtest
fuzzload	:= sim trace msg devif load gmem base
fuzz_elf_libs	:= $(fuzzload)
fuzz_elf_objs	:= loadvm
fuzz_bzimage_libs := $(fuzzload)
fuzz_bzimage_objs := loadvm
fuzz_qtest_libs	:= trace msg devif gmem qtest base

# Chips of the board, the bus, and the board as a whole.
FUZZCHIPS	:= i8259 i8253 mc146818 ns8250 sysport fwcfg pci board
FUZZ		+= $(FUZZCHIPS)
fuzzchiplibs	:= sim quiet-trace quiet-msg board dev virtio chip pci devif \
		   gmem base
$(foreach t,$(FUZZCHIPS),$(eval fuzz_$(t)_libs := $(fuzzchiplibs)))
$(foreach t,$(FUZZCHIPS),$(eval fuzz_$(t)_objs := chiptarget))

# Device processes over their real channels.  They need a system, so services
# do not build them and they have commands of their own.
LIVE		:= live_vioblk live_vionet live_vioscsi live_frame
livelibs	:= sim quiet-trace quiet-msg dev net virtio devif devproc ipc plat \
		   quiet-msg devif gmem base
$(foreach t,$(LIVE),$(eval fuzz_$(t)_libs := $(livelibs)) \
    $(eval fuzz_$(t)_objs := live/live live/liveproc live/liveframe) \
    $(eval fuzz_$(t)_ld := -lpthread))
fuzz_live_frame_libs := $(patsubst quiet-%,%,$(livelibs))

# The mutator: part of the engine side.
# gen_KIND.c: what requests of that kind of device look like.
MUTATOR		:= mutate gen gen_draw gen_state genbytes genimage genframe gen_vioblk
MUTATOR		+= gendhcp gencmd genprog
MUTATOR		+= gen_vioscsi
MUTATOR		+= gen_vionet
MUTATOR		+= gen_vmmci
MUTATOR		+= gen_chips

define quiet_rules
$(B)/quiet/$(1)/%.o: src/$(1)/%.c
	@mkdir -p $$(@D)
	$(HCC) $$(BASECF) $(HINSTR) -Isrc/$(1) $(call inc,$(may_$(1))) -MMD -MP -c -o $$@ $$<
$(call lib,quiet-$(1)): $(patsubst src/$(1)/%.c,$(B)/quiet/$(1)/%.o,$(call srcs_of,$(1)))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(AR) rcs $$@ $$^
endef
$(foreach l,trace msg base,$(eval $(call quiet_rules,$(l))))

FO		:= $(B)/fuzz
$(FO)/%.o: fuzz/%.c
	@mkdir -p $(@D)
	$(HCC) $(BASECF) $(HINSTR) -fPIC -Ifuzz $(call inc,sim $(PURE)) \
	    -MMD -MP -c -o $@ $<

$(FO)/live/%.o: fuzz/live/%.c
	@mkdir -p $(@D)
	$(HCC) $(BASECF) $(HINSTR) -D_GNU_SOURCE -fPIC -Ifuzz -Ifuzz/live \
	    $(call inc,sim $(PURE) devproc ipc plat) -MMD -MP -c -o $@ $<

plainobjs	:= $(FO)/plain.o $(FO)/sweep.o $(FO)/inputs.o $(FO)/watch.o
shortobjs	:= $(FO)/short.o $(FO)/inputs.o
mutobjs		:= $(patsubst %,$(FO)/%.o,$(MUTATOR))
tobjs		= $(FO)/target_$(1).o $(patsubst %,$(FO)/%.o,$(fuzz_$(1)_objs)) $(mutobjs)
tlibs		= $(foreach l,$(fuzz_$(1)_libs),$(call lib,$(l)))

# A service links with its own words, and its machines lack our libraries.
FUZZLINK	= $(CC) -fsanitize=fuzzer $(LINKF)
tld		= $(fuzz_$(1)_ld)
ifeq ($(FLAVOUR),service)
FUZZLINK	= $(CXX) $(CXXFLAGS)
tld		= $(if $(fuzz_$(1)_ld),-Wl$(comma)-Bstatic $(fuzz_$(1)_ld) -Wl$(comma)-Bdynamic) $(LIB_FUZZING_ENGINE)
endif

define fuzz_rules
$(FO)/fuzz_$(1)_plain: $(plainobjs) $(call tobjs,$(1)) $(call tlibs,$(1))
	$$(CC) $$(LINKF) -o $$@ $(plainobjs) $(call tobjs,$(1)) $(call tlibs,$(1)) $(fuzz_$(1)_ld)
$(FO)/fuzz_$(1)_short: $(shortobjs) $(call tobjs,$(1)) $(call tlibs,$(1))
	$$(CC) $$(LINKF) -o $$@ $(shortobjs) $(call tobjs,$(1)) $(call tlibs,$(1)) $(fuzz_$(1)_ld)
$(FO)/fuzz_$(1): $(FO)/libfuzzer.o $(call tobjs,$(1)) $(call tlibs,$(1))
	$$(FUZZLINK) -o $$@ $(FO)/libfuzzer.o $(call tobjs,$(1)) $(call tlibs,$(1)) $(call tld,$(1))
$(FO)/afl_$(1): $(FO)/libfuzzer.o $(call tobjs,$(1)) $(call tlibs,$(1))
	$$(CC) -fsanitize=fuzzer $$(LINKF) -o $$@ $(FO)/libfuzzer.o $(call tobjs,$(1)) $(call tlibs,$(1)) $(fuzz_$(1)_ld)
$(FO)/mutator_$(1).so: $(FO)/aflmutator.o $(call tobjs,$(1)) $(call tlibs,$(1))
	$$(CC) -shared -o $$@ $(FO)/aflmutator.o $(call tobjs,$(1)) $(call tlibs,$(1)) $(fuzz_$(1)_ld)
endef
$(foreach t,$(FUZZ) $(LIVE),$(eval $(call fuzz_rules,$(t))))

# The device is the one that is shipped, whatever instruments us.
SHIPPED		:= $(if $(filter plain,$(FLAVOUR)),$(B)/vmd-device,$(B)/shipped/vmd-device)
$(foreach t,$(LIVE),$(FO)/fuzz_$(t) $(FO)/fuzz_$(t)_plain): | $(SHIPPED)
ifneq ($(FLAVOUR),plain)
.PHONY: $(SHIPPED)
$(SHIPPED):
	@$(MAKE) -s --no-print-directory FLAVOUR=plain CC=$(CC) \
	    B=$(B)/shipped $@
endif

# Makes inputs of the disk targets out of image files.
$(FO)/seedimage: $(FO)/seedimage.o
	$(CC) $(LINKF) -o $@ $<

# What links zlib and zstd needs what stands before them (see src/disk).
$(foreach t,$(FUZZ),$(if $(fuzz_$(t)_ld),$(FO)/fuzz_$(t) $(FO)/fuzz_$(t)_plain)): $(ZIPWRAP)

PLAIN		:= $(patsubst %,$(FO)/fuzz_%_plain,$(FUZZ))
ifneq ($(filter fuzz service,$(FLAVOUR)),)
FUZZERS		:= $(patsubst %,$(FO)/fuzz_%,$(FUZZ))
endif

.PHONY: plain fuzzers
plain: $(PLAIN)
fuzzers: $(FUZZERS)

# ---------------------------------------------------------------- commands
# The front: T names a target, S seconds, F a file.  Each command rebuilds
# what it needs in the flavour that it needs.
S		?= 60
J		?= 1
H		?= 1
FUZZMAKE	= $(MAKE) -s --no-print-directory FLAVOUR=fuzz CC=clang
FUZZTARGETS	:= $(filter-out empty,$(FUZZ))
export FUZZTARGETS

.PHONY: fuzz afl fuzz-list repro corpus-min corpus-short corpus-run corpus-index liveness \
    double-fetch faults \
    fuzz-smoke exhaustive digests
fuzz:
	@fuzz/front need "$(T)"
	@$(FUZZMAKE) build/clang-fuzz/fuzz/fuzz_$(T)
	@fuzz/front fuzz "$(T)" "$(S)" "$(J)"
afl:
	@fuzz/front need "$(T)"
	@$(MAKE) -s --no-print-directory FLAVOUR=afl build/afl-clang-fast-afl/fuzz/afl_$(T)
	@$(MAKE) -s --no-print-directory B=build/pic CFLAGS_EXTRA=-fPIC build/pic/fuzz/mutator_$(T).so
	@AFL_LLVM_CMPLOG=1 $(MAKE) -s --no-print-directory FLAVOUR=afl B=build/afl-cmplog build/afl-cmplog/fuzz/afl_$(T)
	@fuzz/front afl "$(T)" "$(S)" "$(J)"
# AFL++ runs each target, or those of T, for S seconds: 100 % stability?
.PHONY: stability
stability: STABLE_S = $(if $(filter command line,$(origin S)),$(S),10)
stability:
	@for t in $(T); do fuzz/front need $$t || exit 2; done
	@fuzz/front seconds "$(STABLE_S)"
	@$(MAKE) -s --no-print-directory FLAVOUR=afl $(patsubst %,build/afl-clang-fast-afl/fuzz/afl_%,$(or $(T),$(FUZZTARGETS)))
	@$(MAKE) -s --no-print-directory B=build/pic CFLAGS_EXTRA=-fPIC $(patsubst %,build/pic/fuzz/mutator_%.so,$(or $(T),$(FUZZTARGETS)))
	@FUZZTARGETS="$(or $(T),$(FUZZTARGETS))" fuzz/front stability "$(STABLE_S)"
# Device processes: S seconds in all with the engine; the corpus, and a few
# seconds of each (check).
.PHONY: fuzz-live live-quick
live-quick: export FUZZTARGETS := $(LIVE)
fuzz-live: export FUZZTARGETS := $(LIVE)
fuzz-live:
	@$(FUZZMAKE) $(patsubst %,build/clang-fuzz/fuzz/fuzz_%,$(LIVE))
	@fuzz/front smoke "$(S)"
live-quick: $(patsubst %,$(FO)/fuzz_%_plain,$(LIVE))
	@fuzz/front liveness $(FO)
	@fuzz/front live $(FO) 2
fuzz-list:
	@fuzz/front list
repro: export FUZZTARGETS := $(FUZZTARGETS) $(LIVE)
repro: $(B)/replay/vmtrace
	@t=$$(fuzz/front target "$(F)" "$(T)") && \
	    $(FUZZMAKE) build/clang-fuzz/fuzz/fuzz_$${t}_plain && \
	    fuzz/front repro $$t "$(F)" $(B)/replay/vmtrace
corpus-min:
	@fuzz/front need "$(T)"
	@$(FUZZMAKE) build/clang-fuzz/fuzz/fuzz_$(T) build/clang-fuzz/fuzz/fuzz_$(T)_plain
	@fuzz/front min "$(T)"
	@fuzz/front index
corpus-short:
	@fuzz/front need "$(T)"
	@$(FUZZMAKE) build/clang-fuzz/fuzz/fuzz_$(T)_short
	@fuzz/front short "$(T)"
	@fuzz/front index
corpus-index:
	@fuzz/front index
# All targets for H CPU hours together; T names some, M=1 merges corpora.
.PHONY: campaign
campaign:
	@fuzz/campaign -c "$(H)" $(T)
	@$(FUZZMAKE) fuzzers plain
	@fuzz/campaign -j "$(J)" $(if $(M),-m) "$(H)" $(T)
# From crash files to cases, and to the commit that is to blame.
.PHONY: triage bisect-trace test-triage
test-triage:
	@fuzz/test-triage
triage:
	@[ -n "$(D)" ] || { echo "triage: say which folder: D=path" >&2; exit 2; }
	@fuzz/triage $(if $(T),-t $(T)) "$(D)"
bisect-trace:
	@[ -n "$(F)" ] || { echo "bisect-trace: say which file: F=path" >&2; exit 2; }
	@fuzz/bisect "$(F)" "$(T)" $(GOOD) $(if $(GOOD),$(BAD))
# What a service builds: engine side, targets, and their names.
.PHONY: service service-list service-check
service: $(patsubst %,$(FO)/fuzz_%,$(FUZZTARGETS))
service-list:
	@echo $(FUZZTARGETS)
service-check:
	@ci/oss-fuzz/check
fuzz-smoke:
	@$(FUZZMAKE) fuzzers
	@fuzz/front smoke "$(S)"

# Real threads: as long as S says, and a few seconds in check.
TSANMAKE	= $(MAKE) -s --no-print-directory FLAVOUR=tsan CC=clang
TSANTEST	:= build/clang-tsan/src/dev/test_vionet_threads
# A card's process with its threads: who races dies, and the test with it.
TSANRIG		:= $(addprefix build/clang-tsan/src/rig/,test_net test_lanes)
.PHONY: tsan-vionet tsan-quick
tsan-vionet tsan-quick:
	@fuzz/front seconds "$(S)"
	@$(TSANMAKE) $(TSANTEST)
	@SECONDS_OF_THREADS=$(if $(filter tsan-quick,$@),3,$(S)) $(TSANTEST)
	@$(TSANMAKE) $(TSANRIG)
	@export TSAN_OPTIONS=halt_on_error=1 RIG_DEVICE=build/clang-tsan/vmd-device \
	    VMTRACE=build/clang-tsan/replay/vmtrace; ci/run-tests $(TSANRIG)

# These run in the present flavour.
corpus-run: $(PLAIN) $(B)/replay/vmtrace
	@fuzz/front run $(FO)
double-fetch: $(PLAIN)
	@fuzz/front fetches $(FO)
faults: $(PLAIN)
	@fuzz/front faults $(FO)
liveness: $(PLAIN)
	@fuzz/front liveness $(FO)
exhaustive: $(PLAIN)
	@fuzz/front exhaustive $(FO)
digests:
	@fuzz/front digests
