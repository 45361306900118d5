/*
 * Blocks of one size, packed and unpacked: zlib's deflate without a header,
 * or zstd.  The work is done by the libraries zlib, libdeflate (which unpacks
 * twice as fast as zlib) and zstd; a context is used by one thread at a time
 * and has no state between calls.
 */
#ifndef ZIP_H
#define ZIP_H

#include <stddef.h>
#include <stdint.h>

enum zip_kind { ZIP_DEFLATE, ZIP_ZSTD };

struct zip;

/* NULL without memory. */
struct zip	*zip_new(enum zip_kind, size_t block);
void		 zip_free(struct zip **);
/*
 * Unpacks one block from the beginning of n bytes; what follows it does not
 * matter.  0, DISK_ECORRUPT when they are no packed block, DISK_ENOMEM.
 */
int		 zip_unpack(struct zip *, const void *in, size_t n,
		    uint8_t *out);
/*
 * Packs one block into a buffer of block bytes.  *n is how many there are
 * then, or 0 when packing does not make it smaller.  0 or DISK_ENOMEM.
 */
int		 zip_pack(struct zip *, const void *in, uint8_t *out,
		    size_t *n);

#endif
