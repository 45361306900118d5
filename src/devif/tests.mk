TESTS += src/devif/test_devconf src/devif/test_devif
libs_src/devif/test_devconf := devif gmem base
libs_src/devif/test_devif := devif gmem base
