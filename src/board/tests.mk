BOARD_TESTS := test_board test_slots
BOARD_LIBS := board chip pci dev virtio devif gmem base
TESTS += $(addprefix src/board/,$(BOARD_TESTS))
$(foreach t,$(BOARD_TESTS),$(eval libs_src/board/$(t) := $(BOARD_LIBS)))
