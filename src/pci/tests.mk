TESTS += src/pci/test_pci
libs_src/pci/test_pci := pci chip devif gmem base
