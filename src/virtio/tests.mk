TESTS += src/virtio/test_vq src/virtio/test_vq_bad
libs_src/virtio/test_vq := virtio devif gmem base
libs_src/virtio/test_vq_bad := virtio devif gmem base
