# Benchmarks: make bench prints one table and leaves it in $(B)/bench.tsv.
# Everything is measured next to a limit or a peer in the same run.
BENCHES		:= chains blocks frames process wire
bench_chains_objs := chains flat
bench_chains_libs := virtio devif gmem base
bench_blocks_objs := blocks replay
bench_frames_objs := frames
bench_process_objs := process
bench_process_libs = $(RIGLIBS)
bench_process_ext = $(ZIP) -lpthread
bench_process_cf = -D_GNU_SOURCE $(call inc,$(RIGLIBS))
bench_wire_objs := wire
bench_wire_libs = $(RIGLIBS)
bench_wire_ext = $(ZIP) -lpthread
bench_wire_cf = -D_GNU_SOURCE $(call inc,$(RIGLIBS))
bench_frames_libs := dev net virtio devif gmem base
bench_blocks_libs := sim trace msg dev net virtio devif gmem base

BO		:= $(B)/ci/bench
$(BO)/%.o: ci/bench/%.c
	@mkdir -p $(@D)
	$(CC) $(BASECF) $(HINSTR) -DCC_NAME='"$(notdir $(CC))"' -Ici/bench \
	    $(bench_$(*F)_cf) $(call inc,sim $(PURE)) -MMD -MP -c -o $@ $<

define bench_rules
$(BO)/bench_$(1): $(patsubst %,$(BO)/%.o,bench $(bench_$(1)_objs)) $(foreach l,$(bench_$(1)_libs),$(call lib,$(l)))
	$$(CC) $$(LINKF) -o $$@ $$^ $$(bench_$(1)_ext)
endef
$(foreach b,$(BENCHES),$(eval $(call bench_rules,$(b))))

.PHONY: bench bench-programs
bench-programs: $(patsubst %,$(BO)/bench_%,$(BENCHES)) $(B)/vmd-device \
    $(B)/vmd-vm $(B)/e2e/boot.bin

# Chains and requests without sanitizers, with each compiler there is; the
# targets as they are fuzzed, which takes clang.
BENCH_CCS	= $(foreach c,gcc clang,$(if $(shell command -v $(c)),$(c)))
BENCH_CLANG	= $(filter clang,$(BENCH_CCS))
BENCH_ROUNDS	?= 5

# Where a jump or a loop happens to lie costs some x86 processors up to a third:
# without this, a ratio says more about the link order than about the code.
ifneq ($(filter x86_64 amd64,$(shell uname -m)),)
BENCH_CF_gcc	:= -falign-functions=64 -Wa,-mbranches-within-32B-boundaries
BENCH_CF_clang	:= -falign-functions=64 -mbranches-within-32B-boundaries
endif

bench:
	@$(foreach c,$(BENCH_CCS),$(MAKE) --no-print-directory FLAVOUR=plain \
	    CC=$(c) OPT= CFLAGS_EXTRA="$(BENCH_CF_$(c))" B=build/$(c)-bench \
	    bench-programs &&) :
	@$(if $(BENCH_CLANG),$(MAKE) --no-print-directory FLAVOUR=fuzz \
	    CC=clang OPT= B=build/clang-fuzz plain fuzzers)
	@mkdir -p $(B)
	@ci/bench/run -r $(BENCH_ROUNDS) -o $(B)/bench.tsv \
	    -b $(firstword $(BENCH_CCS:%=build/%-bench)) \
	    $(if $(BENCH_CLANG),-f build/clang-fuzz/fuzz -t \
	    "$(filter-out empty,$(FUZZ))") \
	    $(foreach c,$(BENCH_CCS),build/$(c)-bench/ci/bench/bench_chains) \
	    $(firstword $(BENCH_CCS:%=build/%-bench/ci/bench/bench_blocks)) \
	    $(firstword $(BENCH_CCS:%=build/%-bench/ci/bench/bench_frames)) \
	    $(firstword $(BENCH_CCS:%=build/%-bench/ci/bench/bench_process)) \
	    $(firstword $(BENCH_CCS:%=build/%-bench/ci/bench/bench_wire))
