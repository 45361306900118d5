NET_TESTS := test_packet test_dhcp test_dhcp_bad test_local test_brief
TESTS += $(addprefix src/net/,$(NET_TESTS))
$(foreach t,$(NET_TESTS),$(eval libs_src/net/$(t) := net base))
