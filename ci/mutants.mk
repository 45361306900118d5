# Mutation testing.
#
#   make mutants N=100 F=files    a sample; F defaults to all, SEED to 1
#   make mutants-nightly          all mutants of all files
MUTANT_FILES	:= $(foreach l,dev virtio disk net msg trace,$(call srcs_of,$(l)))
MUTANT_SCORE	:= $(shell cat ci/mutants-score 2>/dev/null)
F		?= $(MUTANT_FILES)
SEED		?= 1
.PHONY: mutants mutants-nightly mutants-sample
mutants:
	@ci/mutants -v -n $(or $(filter-out 0,$(N)),100) -s $(SEED) $(F)
mutants-nightly:
	@ci/mutants -v -m $(MUTANT_SCORE) $(MUTANT_FILES)
# What CI runs: another sample each day.
mutants-sample:
	@ci/mutants -v -n 200 -s $$(date +%j) -m $$(($(MUTANT_SCORE) - 10)) $(F)
