ifeq ($(OS),linux)
TESTS += src/opener/test_nic
libs_src/opener/test_nic := opener plat net devif gmem base
test_cf_src/opener/test_nic := -D_GNU_SOURCE
endif
