/* The limit: rings, descriptors and buffers touched without any check. */
#include "chains.h"

struct flat_desc {
	uint64_t	addr;
	uint32_t	len;
	uint16_t	flags, next;
};

struct flat_used {
	uint32_t	id, len;
};

static inline void *
at(const struct ring *r, uint64_t gpa)
{
	return r->ram + (gpa - RAM_GPA);
}

/* One chain; the bytes that its writable buffers have. */
static inline uint32_t
flat_chain(struct ring *r, unsigned i)
{
	const struct flat_desc *table = at(r, DESC);
	struct flat_desc d;
	uint32_t written = 0;

	for (;;) {
		d = table[i];
		if ((d.flags & VRING_DESC_INDIRECT) != 0) {
			table = at(r, d.addr);
			i = 0;
			continue;
		}
		if ((d.flags & VRING_DESC_WRITE) != 0) {
			*(uint8_t *)at(r, d.addr) = 1;
			written += d.len;
		} else
			r->sum += *(uint8_t *)at(r, d.addr);
		if ((d.flags & VRING_DESC_NEXT) == 0)
			return written;
		i = d.next;
	}
}

uint64_t
flat_serve(struct ring *r)
{
	const uint16_t *avail = at(r, AVAIL);
	uint16_t *used = at(r, USED), limit, seen = r->seen, idx = r->used;
	struct flat_used *elem = at(r, USED + 4);
	unsigned head;

	limit = __atomic_load_n(avail + 1, __ATOMIC_ACQUIRE);
	for (; seen != limit; seen++, idx++) {
		head = avail[2 + seen % QUEUE];
		elem[idx % QUEUE].id = head;
		elem[idx % QUEUE].len = flat_chain(r, head);
	}
	__atomic_store_n(used + 1, idx, __ATOMIC_RELEASE);
	r->seen = seen;
	r->used = idx;
	return r->batch;
}
