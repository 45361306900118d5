# vmd: build, tests, fuzzing and gates.  GNU make (gmake on OpenBSD).
#
#: make                     libraries and programs
#: make check               unit tests, corpus, gates: what must be green
#: make demo                a tour: a machine, a recording, ten seconds of fuzzing
#: make unit                unit tests alone
#: make corpus-run          the committed corpus through each target
#: make liveness            what the corpus reaches, against its thresholds
#: make double-fetch        fields of guest memory that are loaded twice
#: make faults              the corpus, each call of the host failing in turn
#: make exhaustive          every change of one bit in every seed
#: make digests             equal results in three builds; N=inputs
#: make gates               layers, symbols, style, manuals, OpenBSD syntax
#: make mutants N=100       do the tests notice changes? F=files, -nightly: all
#: make requirements        rows of the specification and the tests for them
#: make coverage            writes ci/coverage.txt and build/coverage/
#: make kill-test           device processes die under load; N=kills
#: make bench               figures, each next to a limit or a peer
#: make fuzz T=target S=60  libFuzzer for so many seconds; J=2 processes
#: make afl T=target S=60   the same with AFL++; J=4 instances
#: make stability           AFL++: each input takes the same way every time
#: make fuzz-live S=60     real device processes on their channels
#: make campaign H=4 J=2    all targets for so many CPU hours; a report
#: make fuzz-list           the targets
#: make repro F=file        the records of an input in words, and the failure
#: make triage D=folder      crash files grouped by cause, shrunk, in words
#: make bisect-trace F=file  the commit since which an input fails; GOOD=, BAD=
#: make corpus-min T=target corpus and finds, minimised, into corpus/target
#: make corpus-short T=target the same coverage in short inputs, seeds kept
#: make planted             bugs put back on purpose, found from nothing; -quick
#: make e2e-scsi K=folder  firmware and Linux judge vioscsi
#: make vmdisk disk-judge   qemu-img and qemu-io judge 2,000 random programs
#: make service-check       what OSS-Fuzz and ClusterFuzzLite would build
#: make dhcp-clients        udhcpc and dhclient get and renew a lease (root)
#: make tsan-vionet S=60    a network card on real threads, under TSan
#: make seeds               corpus/*/seed-* from the texts in fuzz/seeds
#:
#: FLAVOUR=plain|asan|msan|tsan|cov|fuzz|afl|service and CC=gcc|clang choose a build;
#: each has a folder of its own below build/.

FLAVOUR	?= plain
CC	?= cc
ifeq ($(origin CC),default)
CC	:= $(if $(filter fuzz msan,$(FLAVOUR)),clang,cc)
endif
ifeq ($(FLAVOUR),afl)
CC	:= afl-clang-fast
endif
# The harness is compiled without AFL++'s instrumentation.
HCC	:= $(if $(filter afl,$(FLAVOUR)),clang,$(CC))
B	?= build/$(notdir $(firstword $(CC)))-$(FLAVOUR)$(if $(OPT),$(OPT))

# ---------------------------------------------------------------- layers
# What each layer may include; ARCHITECTURE.md draws it.  A layer is compiled
# with the -I flags of these folders and no others, so an upward include is
# an error of the compiler.

PURE		:= base gmem devif virtio disk diskblk net chip pci load qtest dev board msg trace conf
# Above the line: descriptors, clocks, threads, processes.  A file there whose
# name ends in _linux, _openbsd or _none is a variant: one of each group is
# compiled, _none where there is nothing better.
HIGH		:= plat ev ipc opener device devproc vm rig
HARNESS		:= sim

may_compat	:=
may_base	:= compat
may_gmem	:= base
may_devif	:= gmem base
may_virtio	:= devif gmem base
may_disk	:= base
may_diskblk	:= disk devif gmem base
may_net		:= base
may_chip	:= devif base
may_pci		:= devif base
may_dev		:= devif virtio net gmem base
may_board	:= chip pci virtio dev devif gmem base
may_msg		:= devif base
may_trace	:= msg devif gmem base
may_conf	:= base
may_load	:= gmem base
may_qtest	:= base
may_plat	:= load qtest gmem base compat
may_ev		:=
may_ipc		:= msg devif gmem base
may_opener	:= image filestore plat net disk devif gmem base
may_devproc	:= ipc plat disk msg devif gmem base
may_device	:= ev ipc plat filestore diskblk disk net dev virtio trace msg devif \
		   gmem base
may_vm		:= devproc opener image ipc ev plat board load qtest dev net \
		   virtio msg filestore disk devif gmem base
# A vm without a hypervisor, for tests and benchmarks.
may_rig		:= devproc ipc plat load qtest opener image filestore \
		   diskblk disk dev virtio msg devif gmem base
may_sim		:= trace msg board dev virtio net diskblk disk chip pci devif gmem \
		   base

# gmem.h is part of the device contract (dev.h includes it), so whoever sees
# devif sees gmem.
may_msg		+= gmem
may_chip	+= gmem
may_pci		+= gmem

HAVE		:= $(notdir $(patsubst %/,%,$(sort $(dir $(wildcard src/*/*.c)))))
PURE		:= $(filter $(HAVE),$(PURE))
HIGH		:= $(filter $(HAVE),$(HIGH))
LAYERS		:= $(PURE) $(filter $(HAVE),$(HARNESS)) $(HIGH)
inc		= $(patsubst %,-Isrc/%,$(1))
comma		:= ,

# ---------------------------------------------------------------- flags
OPT	?=
WARN	:= -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	   -Wpointer-arith -Wwrite-strings -Wvla -Wundef -Wformat=2
WERROR	?= -Werror
CSTD	:= -std=c11 -D_DEFAULT_SOURCE
VERSION	:= 0.1
BASECF	:= $(CSTD) -g $(if $(OPT),$(OPT),-O2) -fno-omit-frame-pointer \
	   $(WARN) $(WERROR) $(CFLAGS_EXTRA)

# INSTR instruments the layers below the line, HINSTR the harness around
# them: a fuzzing engine should see the edges of the device, not ours.  Of the
# undefined behaviour only misalignment is left to asan, which runs the whole
# corpus: to look for it costs a fuzzer 21 to 30 % of its speed, all the other
# checks of pointers together 1 %.  Accesses to the stack that cannot go wrong
# need no check, and no stack outlives a call.
UB	:= -fsanitize=undefined -fno-sanitize-recover=all
INSTR_plain	:=
INSTR_asan	:= -fsanitize=address $(UB)
INSTR_msan	:= -fsanitize=memory -fsanitize-memory-track-origins
INSTR_tsan	:= -fsanitize=thread
INSTR_cov	:= --coverage -fprofile-update=atomic -O0
INSTR_fuzz	:= -fsanitize=fuzzer-no-link,address $(UB) -fno-sanitize=alignment \
		   -mllvm -asan-use-stack-safety=1 \
		   -fsanitize-address-use-after-return=never \
		   -fno-sanitize-coverage=stack-depth
INSTR_afl	:= -fsanitize=address $(UB)
# service: a fuzzing service says in CC, CXX, CFLAGS, CXXFLAGS and
# LIB_FUZZING_ENGINE how it wants things built; ci/oss-fuzz calls it.
INSTR_service	:= $(CFLAGS)
HINSTR_plain	:=
HINSTR_asan	:= $(INSTR_asan)
HINSTR_msan	:= $(INSTR_msan)
HINSTR_tsan	:= $(INSTR_tsan)
HINSTR_cov	:=
HINSTR_fuzz	:=
HINSTR_afl	:=
HINSTR_service	:= $(filter-out -fsanitize=fuzzer-no-link,$(CFLAGS))

# What an engine may be told beside the edges: how deep the stack is, which
# says nothing where nobody recurses (left out), and each pair of values that is
# compared, from which it learns constants.  The layers of devices go without
# the latter: whoever mutates records knows the constants, and without that
# price (a run in four) more edges are found from nothing in the same time (20 s:
# vioscsi 8 % of 4 seeds, vionet 2 % of 12, vioblk 1 % of 4, vq as many).
UNCOMPARED	:= gmem devif virtio dev
NOCMP_fuzz	:= -fno-sanitize-coverage=trace-cmp
nocmp		= $(if $(filter $(1),$(UNCOMPARED)),$(NOCMP_$(FLAVOUR)))
LINK_fuzz	:= -fsanitize=address $(UB)
LINK_cov	:= --coverage

INSTR	:= $(INSTR_$(FLAVOUR))
HINSTR	:= $(HINSTR_$(FLAVOUR))
LINKF	:= $(if $(LINK_$(FLAVOUR)),$(LINK_$(FLAVOUR)),$(INSTR))

# ---------------------------------------------------------------- libraries
.PHONY: all programs
all: libs programs

lib		= $(B)/lib/lib$(1).a
srcs_of		= $(filter-out src/$(1)/test_%,$(wildcard src/$(1)/*.c))
ALLLIBS		:= $(foreach l,$(LAYERS),$(call lib,$(l)))

define layer_rules
$(B)/src/$(1)/%.o: src/$(1)/%.c
	@mkdir -p $$(@D)
	$(3) $$(BASECF) $(2) -Isrc/$(1) $(call inc,$(may_$(1))) -MMD -MP -c -o $$@ $$<
$(call lib,$(1)): $(patsubst %.c,$(B)/%.o,$(call srcs_of,$(1)))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(AR) rcs $$@ $$^
endef
$(foreach l,$(PURE),$(eval $(call layer_rules,$(l),$(INSTR) $(call nocmp,$(l)),$(CC))))
$(foreach l,$(filter $(HAVE),$(HARNESS)),$(eval $(call layer_rules,$(l),$(HINSTR),$(HCC))))

OS		:= $(shell uname -s | tr A-Z a-z)
variants	= $(patsubst %_none.c,%,$(wildcard src/$(1)/*_none.c))
# The sanitizers' runtimes do what the sandbox forbids.
unfit		= $(if $(filter asan msan tsan,$(FLAVOUR)),$(filter %/sandbox,$(1)))
variant		= $(firstword $(wildcard $(if $(call unfit,$(1)),,$(1)_$(OS).c) $(1)_none.c))
high_of	= $(filter-out $(foreach v,$(call variants,$(1)),\
		  $(v)_linux.c $(v)_openbsd.c $(v)_none.c),\
		  $(call srcs_of,$(1))) \
		  $(foreach v,$(call variants,$(1)),$(call variant,$(v)))

define high_rules
$(B)/src/$(1)/%.o: src/$(1)/%.c
	@mkdir -p $$(@D)
	$$(CC) $$(BASECF) -D_GNU_SOURCE $$(HINSTR) -Isrc/$(1) $(call inc,$(may_$(1))) -MMD -MP -c -o $$@ $$<
$(call lib,$(1)): $(patsubst %.c,$(B)/%.o,$(call high_of,$(1)))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(AR) rcs $$@ $$^
endef
$(foreach l,$(HIGH),$(eval $(call high_rules,$(l))))

.PHONY: libs
libs: $(ALLLIBS)

# ---------------------------------------------------------------- tests
# Each folder's tests.mk names its tests and, for each, the archives it
# links: that list is a statement of dependency.
#   TESTS += src/virtio/test_vq
#   libs_src/virtio/test_vq := sim virtio devif gmem base
#   extra_src/virtio/test_vq := -lz		(optional)
#   test_cf_src/virtio/test_vq := -D_GNU_SOURCE	(optional)
TESTS	:=
include $(wildcard src/*/tests.mk) $(wildcard replay/tests.mk)

CMOCKA	:= -lcmocka
define test_rules
$(B)/$(1).o: $(1).c
	@mkdir -p $$(@D)
	$$(CC) $$(BASECF) $(test_cf_$(1)) $$(HINSTR) -I$(dir $(1)) $(call inc,$(libs_$(1))) -MMD -MP -c -o $$@ $$<
$(B)/$(1): $(B)/$(1).o $(foreach l,$(libs_$(1)),$(call lib,$(l)))
	$$(CC) $$(LINKF) -o $$@ $$< $(foreach l,$(libs_$(1)),$(call lib,$(l))) $(extra_$(1)) $$(CMOCKA)
endef
$(foreach t,$(TESTS),$(eval $(call test_rules,$(t))))

TESTBINS := $(addprefix $(B)/,$(TESTS))
.PHONY: tests
tests: $(TESTBINS)

.PHONY: unit
unit: $(TESTBINS)
	@ci/run-tests $(TESTBINS) $(SHTESTS)

# ---------------------------------------------------------------- the rest
include replay/build.mk
include fuzz/build.mk
include ci/demo/build.mk
include ci/kill/build.mk
-include ci/dhcp/build.mk
-include fuzz/seeds/build.mk
-include fuzz/planted/build.mk
-include ci/bench/build.mk
include $(wildcard ci/e2e/*.mk)
include ci/gates.mk
include ci/mutants.mk

.PHONY: check coverage coverage-check coverage-lines coverage-run help
check: unit gates gates-selftest seeds-check corpus-run liveness double-fetch exhaustive \
    tsan-quick live-quick disk-e2e

# Coverage: a build of its own, in which tests and corpus run once.
COVMAKE	= $(MAKE) -s --no-print-directory FLAVOUR=cov CC=gcc
coverage-run:
	@find build/gcc-cov -name '*.gcda' -delete 2>/dev/null || :
	@$(COVMAKE) -O -j $$(getconf _NPROCESSORS_ONLN) unit corpus-run >build/coverage.log 2>&1 || \
	    { tail -n 30 build/coverage.log; exit 1; }
coverage: coverage-run
	@ci/coverage build/gcc-cov write
coverage-check: coverage-run
	@ci/coverage build/gcc-cov check
# Rows for ci/uncovered.tsv, of the last run.
coverage-lines:
	@ci/coverage build/gcc-cov lines

help:
	@sed -n '/^#:/s/^#: \{0,1\}//p' $(firstword $(MAKEFILE_LIST))

-include $(shell find $(B) -name '*.d' 2>/dev/null)

.PHONY: clean
clean:
	rm -rf build
