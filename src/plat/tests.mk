PLAT_TESTS := test_vcpuid test_share test_kvm test_qtest_engine
TESTS += $(addprefix src/plat/,$(PLAT_TESTS))
$(foreach t,$(PLAT_TESTS),$(eval libs_src/plat/$(t) := plat load qtest gmem base))
