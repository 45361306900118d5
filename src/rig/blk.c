/* A disk's driver. */
#include <string.h>

#include "le.h"
#include "rig.h"
#include "vioblk.h"
#include "virtio.h"

#define HEADERS		0x100000U
#define STATUSES	0x140000U
#define DATA		0x200000U	/* 2 MiB on */

int
rig_blk_open(struct rig *r, struct rig_blk *b, unsigned slots, size_t bufsize)
{
	unsigned size = 4;

	while (size < 3 * slots)
		size *= 2;
	b->slots = slots;
	b->bufsize = bufsize;
	(void)rig_at(r, DATA, slots * bufsize);
	if (rig_setup(r, VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC |
	    VIOBLK_F_FLUSH | VIOBLK_F_DISCARD | VIOBLK_F_WRITE_ZEROES, &b->q,
	    1, size) == 0)
		return -1;
	if (b->q.size < 3 * slots)
		rig_die("the queue has %u entries, not %u", b->q.size, size);
	return 0;
}

static uint64_t
data_gpa(const struct rig_blk *b, unsigned slot)
{
	return DATA + (uint64_t)slot * b->bufsize;
}

uint8_t *
rig_blk_data(struct rig_blk *b, unsigned slot)
{
	return rig_at(b->q.r, data_gpa(b, slot), b->bufsize);
}

uint8_t
rig_blk_status(struct rig_blk *b, unsigned slot)
{
	return *rig_at(b->q.r, STATUSES + slot, 1);
}

void
rig_blk_put(struct rig_blk *b, unsigned slot, unsigned type, uint64_t sector,
    size_t len)
{
	uint8_t *h = rig_at(b->q.r, HEADERS + 16ULL * slot, 16);
	struct rig_seg s[3] = {
		{ HEADERS + 16ULL * slot, 16, 0 },
		{ data_gpa(b, slot), (uint32_t)len, type == VIOBLK_T_IN ||
		    type == VIOBLK_T_GET_ID },
		{ STATUSES + slot, 1, 1 }
	};

	memset(h, 0, 16);
	le32_put(h, type);
	le64_put(h + 8, sector);
	*rig_at(b->q.r, STATUSES + slot, 1) = 0xff;
	if (len == 0)
		s[1] = s[2];
	rig_put(&b->q, slot, s, len == 0 ? 2 : 3);
}

int
rig_blk_do(struct rig_blk *b, unsigned type, uint64_t sector, void *data,
    size_t len)
{
	uint8_t *p = rig_blk_data(b, 0);

	if (type != VIOBLK_T_IN && len > 0)
		memcpy(p, data, len);
	rig_blk_put(b, 0, type, sector, len);
	(void)rig_go(&b->q);
	if (rig_come(&b->q, 20000) == -1)
		return -1;
	if (rig_take(&b->q, NULL) != 0)
		rig_die("another request came back");
	if (type == VIOBLK_T_IN && len > 0)
		memcpy(data, p, len);
	return rig_blk_status(b, 0);
}
