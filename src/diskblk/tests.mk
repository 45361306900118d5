TESTS += src/diskblk/test_diskblk
libs_src/diskblk/test_diskblk := sim diskblk disk devif gmem base
extra_src/diskblk/test_diskblk = $(ZIP)
