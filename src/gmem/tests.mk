TESTS += src/gmem/test_gmem src/gmem/test_borrow src/gmem/test_tap
libs_src/gmem/test_gmem := gmem base
libs_src/gmem/test_borrow := gmem base
libs_src/gmem/test_tap := gmem base
