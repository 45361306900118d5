# Gates: facts about the tree that the build itself holds.  Included by the
# Makefile, whose variables they read; ci/gates/ has one program for each.
#
#   make gates           all of them, one line each
#   make gates-selftest  plants a violation for each and demands red
#   make requirements    the virtio requirements and the tests that name them

SYSROOT		?= ../shared/openbsd-sysroot
GATES_TABLE	:= $(B)/gates-table

# What the gates must know of the Makefile, one fact per line.
layer_names	= $(sort $(patsubst may_%,%,$(filter may_%,$(.VARIABLES))))
define gates_table
b $(B)
cc $(firstword $(CC))
cflags $(CSTD)
pure $(PURE)
harness $(filter $(HAVE),$(HARNESS))
$(foreach l,$(layer_names),layer $(l) $(may_$(l))$(gates_nl))
$(foreach t,$(TESTS),test $(t) $(libs_$(t))$(gates_nl))
endef
define gates_nl


endef
export SYSROOT

.PHONY: gates gates-table gates-selftest requirements
ifeq ($(FLAVOUR),plain)
gates: libs
	@$(file >$(GATES_TABLE),$(gates_table))
	@MAKE="$(MAKE)" CC="$(CC)" GATES_TABLE=$(GATES_TABLE) ci/gates/run

gates-selftest: libs
	@MAKE="$(MAKE)" CC="$(CC)" ci/gates/selftest
else
# Sanitizers and coverage add data and calls of their own.
gates gates-selftest:
	@$(MAKE) --no-print-directory FLAVOUR=plain $@
endif

gates-table:
	$(info $(gates_table))
	@:

requirements:
	@ci/requirements
