# Units of vmtrace that do not touch files.
TESTS += replay/test_shrink replay/test_reseed
libs_replay/test_shrink := trace msg devif gmem base
libs_replay/test_reseed := trace msg devif gmem base
extra_replay/test_shrink = $(B)/replay/shrink.o
extra_replay/test_reseed = $(B)/replay/reseed.o
$(B)/replay/test_shrink: $(B)/replay/shrink.o
$(B)/replay/test_reseed: $(B)/replay/reseed.o
