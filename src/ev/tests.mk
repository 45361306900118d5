TESTS += src/ev/test_ev
libs_src/ev/test_ev := ev
extra_src/ev/test_ev := -levent_core -lpthread
