/*
 * Big-endian loads and stores on byte pointers of any alignment: what packets,
 * SCSI commands and qcow2 files have.
 */
#ifndef BEBYTES_H
#define BEBYTES_H

#include <stdint.h>

#include "le.h"

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BEB_SWAP16(v)	__builtin_bswap16(v)
#define BEB_SWAP32(v)	__builtin_bswap32(v)
#define BEB_SWAP64(v)	__builtin_bswap64(v)
#else
#define BEB_SWAP16(v)	(v)
#define BEB_SWAP32(v)	(v)
#define BEB_SWAP64(v)	(v)
#endif

static inline uint16_t
beb16_get(const void *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return BEB_SWAP16(v);
}

static inline uint32_t
beb32_get(const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return BEB_SWAP32(v);
}

static inline uint64_t
beb64_get(const void *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return BEB_SWAP64(v);
}

static inline void
beb16_put(void *p, uint16_t v)
{
	v = BEB_SWAP16(v);
	memcpy(p, &v, sizeof(v));
}

static inline void
beb32_put(void *p, uint32_t v)
{
	v = BEB_SWAP32(v);
	memcpy(p, &v, sizeof(v));
}

static inline void
beb64_put(void *p, uint64_t v)
{
	v = BEB_SWAP64(v);
	memcpy(p, &v, sizeof(v));
}

#endif
