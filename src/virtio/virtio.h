/*
 * Numbers of virtio that both sides know: virtio 1.3.
 */
#ifndef VIRTIO_H
#define VIRTIO_H

/* Device status byte: 2.1. */
#define VIRTIO_S_ACKNOWLEDGE	0x01
#define VIRTIO_S_DRIVER		0x02
#define VIRTIO_S_DRIVER_OK	0x04
#define VIRTIO_S_FEATURES_OK	0x08
#define VIRTIO_S_NEEDS_RESET	0x40
#define VIRTIO_S_FAILED		0x80

/* Feature bits that belong to no device type: 6. */
#define VIRTIO_F_INDIRECT_DESC	(1ULL << 28)
#define VIRTIO_F_EVENT_IDX	(1ULL << 29)
#define VIRTIO_F_VERSION_1	(1ULL << 32)

/* Interrupt status: 4.1.4.5. */
#define VIRTIO_ISR_QUEUE	0x1
#define VIRTIO_ISR_CONFIG	0x2

/* Common configuration: 4.1.4.3. */
enum virtio_common {
	VIRTIO_DEVICE_FEATURE_SELECT	= 0x00,
	VIRTIO_DEVICE_FEATURE		= 0x04,
	VIRTIO_DRIVER_FEATURE_SELECT	= 0x08,
	VIRTIO_DRIVER_FEATURE		= 0x0c,
	VIRTIO_CONFIG_MSIX_VECTOR	= 0x10,
	VIRTIO_NUM_QUEUES		= 0x12,
	VIRTIO_DEVICE_STATUS		= 0x14,
	VIRTIO_CONFIG_GENERATION	= 0x15,
	VIRTIO_QUEUE_SELECT		= 0x16,
	VIRTIO_QUEUE_SIZE		= 0x18,
	VIRTIO_QUEUE_MSIX_VECTOR	= 0x1a,
	VIRTIO_QUEUE_ENABLE		= 0x1c,
	VIRTIO_QUEUE_NOTIFY_OFF		= 0x1e,
	VIRTIO_QUEUE_DESC		= 0x20,
	VIRTIO_QUEUE_DRIVER		= 0x28,
	VIRTIO_QUEUE_DEVICE		= 0x30,
	VIRTIO_COMMON_SIZE		= 0x38
};

#define VIRTIO_NO_VECTOR	0xffff

/* Split rings: 2.7. */
#define VRING_DESC_SIZE		16
#define VRING_DESC_NEXT		0x1
#define VRING_DESC_WRITE	0x2
#define VRING_DESC_INDIRECT	0x4
#define VRING_AVAIL_NO_IRQ	0x1
#define VRING_MAXSIZE		32768

/* Device types: 5. */
#define VIRTIO_ID_NET		1
#define VIRTIO_ID_BLOCK		2
#define VIRTIO_ID_RNG		4
#define VIRTIO_ID_SCSI		8
#define VIRTIO_ID_VMMCI		0xffff	/* OpenBSD alone */

/* Legacy header of virtio 0.9 over PCI: 4.1.4.10. */
enum virtio_legacy {
	VIRTIO_L_DEVICE_FEATURES	= 0,
	VIRTIO_L_DRIVER_FEATURES	= 4,
	VIRTIO_L_QUEUE_PFN		= 8,
	VIRTIO_L_QUEUE_SIZE		= 12,
	VIRTIO_L_QUEUE_SELECT		= 14,
	VIRTIO_L_QUEUE_NOTIFY		= 16,
	VIRTIO_L_DEVICE_STATUS		= 18,
	VIRTIO_L_ISR			= 19,
	VIRTIO_L_CONFIG			= 20
};

#endif
