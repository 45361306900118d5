# Units of vmtrace that do not touch files.
TESTS += replay/test_reseed
libs_replay/test_reseed := trace msg devif gmem base
extra_replay/test_reseed = $(B)/replay/reseed.o
$(B)/replay/test_reseed: $(B)/replay/reseed.o
