TESTS += src/msg/test_msg src/msg/test_frame
libs_src/msg/test_msg := msg devif gmem base
libs_src/msg/test_frame := msg devif gmem base
TESTS += src/msg/test_devmsg
libs_src/msg/test_devmsg := msg gmem base
TESTS += src/msg/test_vmmsg
libs_src/msg/test_vmmsg := msg devif gmem base
