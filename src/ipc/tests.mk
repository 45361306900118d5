TESTS += src/ipc/test_chan src/ipc/test_slate src/ipc/test_spin
libs_src/ipc/test_spin := ipc
libs_src/ipc/test_slate := ipc msg base
test_cf_src/ipc/test_slate := -D_GNU_SOURCE
libs_src/ipc/test_chan := ipc msg base
extra_src/ipc/test_chan := -lpthread -Wl,--wrap=recv
test_cf_src/ipc/test_chan := -D_GNU_SOURCE
