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
at(uint8_t *ram, uint64_t gpa)
{
	return ram + (gpa - RAM_GPA);
}

/* One chain; the bytes that its writable buffers have. */
static inline uint32_t
flat_chain(uint8_t *ram, unsigned i, uint64_t *sum)
{
	const struct flat_desc *table = at(ram, DESC);
	struct flat_desc d;
	uint32_t written = 0;

	for (;;) {
		d = table[i];
		if ((d.flags & VRING_DESC_INDIRECT) != 0) {
			table = at(ram, d.addr);
			i = 0;
			continue;
		}
		if ((d.flags & VRING_DESC_WRITE) != 0) {
			*(uint8_t *)at(ram, d.addr) = 1;
			written += d.len;
		} else
			*sum += *(uint8_t *)at(ram, d.addr);
		if ((d.flags & VRING_DESC_NEXT) == 0)
			return written;
		i = d.next;
	}
}

uint64_t
flat_serve(struct ring *r)
{
	uint8_t *ram = r->ram;
	const uint16_t *avail = at(ram, AVAIL);
	uint16_t *used = at(ram, USED), limit, seen = r->seen, idx = r->used;
	struct flat_used *elem = at(ram, USED + 4);
	uint64_t sum = 0;
	unsigned head;

	limit = __atomic_load_n(avail + 1, __ATOMIC_ACQUIRE);
	for (; seen != limit; seen++, idx++) {
		head = avail[2 + seen % QUEUE];
		elem[idx % QUEUE].id = head;
		elem[idx % QUEUE].len = flat_chain(ram, head, &sum);
	}
	__atomic_store_n(used + 1, idx, __ATOMIC_RELEASE);
	r->seen = seen;
	r->used = idx;
	r->sum += sum;
	return r->batch;
}
