TRACETESTS	:= test_trace test_sum test_rings test_rec test_once test_text test_build test_hint \
		   test_play
TESTS += $(addprefix src/trace/,$(TRACETESTS))
$(foreach t,$(TRACETESTS),$(eval libs_src/trace/$(t) := trace msg devif gmem base))
