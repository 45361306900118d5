/*
 * Little-endian loads and stores on byte pointers of any alignment.
 *
 * All multi-byte values that a guest, a file or a peer can see are
 * little-endian in this project (virtio 1.3, 1.4), except inside formats
 * that say otherwise.  The functions compile to one move on little-endian
 * machines.
 */
#ifndef LE_H
#define LE_H

#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LE_SWAP16(v)	(v)
#define LE_SWAP32(v)	(v)
#define LE_SWAP64(v)	(v)
#else
#define LE_SWAP16(v)	__builtin_bswap16(v)
#define LE_SWAP32(v)	__builtin_bswap32(v)
#define LE_SWAP64(v)	__builtin_bswap64(v)
#endif

static inline uint16_t
le16_get(const void *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return LE_SWAP16(v);
}

static inline uint32_t
le32_get(const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return LE_SWAP32(v);
}

static inline uint64_t
le64_get(const void *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return LE_SWAP64(v);
}

static inline void
le16_put(void *p, uint16_t v)
{
	v = LE_SWAP16(v);
	memcpy(p, &v, sizeof(v));
}

static inline void
le32_put(void *p, uint32_t v)
{
	v = LE_SWAP32(v);
	memcpy(p, &v, sizeof(v));
}

static inline void
le64_put(void *p, uint64_t v)
{
	v = LE_SWAP64(v);
	memcpy(p, &v, sizeof(v));
}

#endif
