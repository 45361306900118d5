TESTS += src/ipc/test_chan
libs_src/ipc/test_chan := ipc msg base
extra_src/ipc/test_chan := -lpthread
test_cf_src/ipc/test_chan := -D_GNU_SOURCE
