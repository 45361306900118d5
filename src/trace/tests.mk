TESTS += src/trace/test_trace src/trace/test_text
libs_src/trace/test_trace := trace msg devif gmem base
libs_src/trace/test_text := trace msg devif gmem base
