TESTS += src/trace/test_trace
libs_src/trace/test_trace := trace msg devif gmem base
