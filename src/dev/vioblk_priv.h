/* What the files of vioblk share; not for others. */
#ifndef VIOBLK_PRIV_H
#define VIOBLK_PRIV_H

#include "vioblk.h"
#include "virtio_dev.h"

#define VIOBLK_WB_DEFAULT	2	/* the driver has not chosen yet */

struct vioblk {
	struct virtio_dev	v;
	uint64_t		capacity;	/* sectors */
	uint32_t		blk_size;
	uint8_t			physexp;
	uint8_t			readonly;
	uint8_t			writeback;	/* 0, 1, VIOBLK_WB_DEFAULT */
	uint8_t			serial[VIOBLK_IDLEN];
};

/* The value of the writeback field as the driver reads it. */
uint8_t	vioblk_writeback(const struct vioblk *);
/* Serves one chain; the bytes it moved. */
size_t	vioblk_request(struct vioblk *, struct vq_chain *);
/* Asks the host for one operation; a VIOBLK_S_* status. */
uint8_t	vioblk_host(struct vioblk *, struct blk_io *);

#endif
