TESTS += src/base/test_bytes src/base/test_digest src/base/test_le
libs_src/base/test_bytes := base
libs_src/base/test_digest := base
libs_src/base/test_le := base
