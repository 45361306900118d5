TESTS += src/trace/test_trace src/trace/test_text src/trace/test_build src/trace/test_hint src/trace/test_play
libs_src/trace/test_trace := trace msg devif gmem base
libs_src/trace/test_text := trace msg devif gmem base
libs_src/trace/test_hint := trace msg devif gmem base
libs_src/trace/test_build := trace msg devif gmem base
libs_src/trace/test_play := trace msg devif gmem base
