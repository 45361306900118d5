PLAT_TESTS := test_vcpuid test_share test_kvm test_qtest_engine
TESTS += $(addprefix src/plat/,$(PLAT_TESTS))
$(foreach t,$(PLAT_TESTS),$(eval libs_src/plat/$(t) := plat load qtest gmem base))
# What the sandbox forbids is killed, on Linux; sanitizers do what it forbids.
ifeq ($(OS) $(filter plain cov,$(FLAVOUR)),linux $(FLAVOUR))
TESTS += src/plat/test_sandbox
libs_src/plat/test_sandbox := plat
extra_src/plat/test_sandbox := -lseccomp -lpthread
test_cf_src/plat/test_sandbox := -D_GNU_SOURCE
endif
ifeq ($(OS),linux)
TESTS += src/plat/test_tap
libs_src/plat/test_tap := plat
test_cf_src/plat/test_tap := -D_GNU_SOURCE
endif
