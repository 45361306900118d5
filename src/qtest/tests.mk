TESTS += src/qtest/test_qtest
libs_src/qtest/test_qtest := qtest base
