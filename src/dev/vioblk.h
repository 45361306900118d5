/*
 * vioblk: a disk.  virtio 1.3, 5.2.
 *
 * Requests IN, OUT, FLUSH, GET_ID, DISCARD and WRITE_ZEROES; everything else
 * is answered UNSUPP.  Data moves between the host's medium and guest memory
 * without a copy.  The device knows a capacity and refuses what lies beyond
 * it (IOERR), so the host is never asked for more and no image grows.
 *
 * Status and used length: the status byte is the last writable byte, wherever
 * segments end.  Every writable byte in front of it has been stored when the
 * request comes back (data, or zeros where there is none), so the used length
 * is the number of bytes stored and all of them are at the front (2.7.8.2).
 * A chain without room for the status, or with more than VIOBLK_MAXXFER
 * writable bytes, comes back with length 0 and nothing done.
 *
 * Caching: writes may be volatile until FLUSH when the driver accepted FLUSH
 * or set writeback to 1; else each write is durable before it completes
 * (5.2.6.2).  writeback starts at 1, at 0 for a driver that took CONFIG_WCE
 * without FLUSH.
 *
 * Bounds: SEG_MAX segments of SIZE_MAX bytes are advertised, their product is
 * VIOBLK_MAXXFER; more segments are served while the bytes fit.  After about
 * VIOBLK_MAXKICK bytes the rest of the queue waits for the next turn: the
 * driver has what is done while the rest is being done, and registers are
 * answered in between.
 *
 * Attach values: CAPACITY (required, below 2^54), READONLY, SERIAL (its first
 * 20 bytes are the id), BLKSIZE, PHYSEXP, NQUEUES (1 to 8), QSIZE.  The
 * CONFIG message may bring a new CAPACITY.
 */
#ifndef VIOBLK_H
#define VIOBLK_H

#include "dev.h"

#define VIOBLK_QSIZE	128
#define VIOBLK_MAXQ	8
#define VIOBLK_SECTOR	512U
#define VIOBLK_SIZEMAX	(1U << 20)
#define VIOBLK_SEGMAX	126U
#define VIOBLK_MAXXFER	(VIOBLK_SIZEMAX * VIOBLK_SEGMAX)
#define VIOBLK_MAXKICK	(16U << 10)
#define VIOBLK_IDLEN	20
#define VIOBLK_DISCARD_SEGS	16U
#define VIOBLK_DISCARD_SECTORS	(1U << 22)
#define VIOBLK_ZERO_SEGS	16U
#define VIOBLK_ZERO_SECTORS	(1U << 16)

/* Feature bits: 5.2.3. */
#define VIOBLK_F_SIZE_MAX	(1ULL << 1)
#define VIOBLK_F_SEG_MAX	(1ULL << 2)
#define VIOBLK_F_RO		(1ULL << 5)
#define VIOBLK_F_BLK_SIZE	(1ULL << 6)
#define VIOBLK_F_FLUSH		(1ULL << 9)
#define VIOBLK_F_TOPOLOGY	(1ULL << 10)
#define VIOBLK_F_CONFIG_WCE	(1ULL << 11)
#define VIOBLK_F_MQ		(1ULL << 12)
#define VIOBLK_F_DISCARD	(1ULL << 13)
#define VIOBLK_F_WRITE_ZEROES	(1ULL << 14)

/* Request types and status: 5.2.6. */
#define VIOBLK_T_IN		0
#define VIOBLK_T_OUT		1
#define VIOBLK_T_FLUSH		4
#define VIOBLK_T_GET_ID		8
#define VIOBLK_T_DISCARD	11
#define VIOBLK_T_WRITE_ZEROES	13
#define VIOBLK_S_OK		0
#define VIOBLK_S_IOERR		1
#define VIOBLK_S_UNSUPP		2

/* Segments of DISCARD and WRITE_ZEROES. */
#define VIOBLK_SEG_SIZE		16
#define VIOBLK_SEG_UNMAP	0x1

/* Device configuration: 5.2.4. */
enum vioblk_config {
	VIOBLK_C_CAPACITY	= 0x00,
	VIOBLK_C_SIZE_MAX	= 0x08,
	VIOBLK_C_SEG_MAX	= 0x0c,
	VIOBLK_C_BLK_SIZE	= 0x14,
	VIOBLK_C_PHYSEXP	= 0x18,
	VIOBLK_C_ALIGNMENT	= 0x19,
	VIOBLK_C_MIN_IO		= 0x1a,
	VIOBLK_C_OPT_IO		= 0x1c,
	VIOBLK_C_WRITEBACK	= 0x20,
	VIOBLK_C_NUM_QUEUES	= 0x22,
	VIOBLK_C_DISCARD_SECTORS = 0x24,
	VIOBLK_C_DISCARD_SEGS	= 0x28,
	VIOBLK_C_DISCARD_ALIGN	= 0x2c,
	VIOBLK_C_ZERO_SECTORS	= 0x30,
	VIOBLK_C_ZERO_SEGS	= 0x34,
	VIOBLK_C_ZERO_UNMAP	= 0x38,
	VIOBLK_C_SIZE		= 0x3c
};

extern const struct dev_ops vioblk_dev;

#endif
