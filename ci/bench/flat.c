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

/* Where things are, as host addresses; host is where gpa 0 would be. */
struct flat {
	uint8_t			*host;
	const struct flat_desc	*table;
	const uint16_t		*avail;
	struct flat_used	*used;
	unsigned		 mask;
};

/* One chain; the bytes that its writable buffers have. */
static inline uint32_t
flat_chain(uint8_t *host, const struct flat_desc *table, unsigned i,
    uint64_t *sum)
{
	struct flat_desc d;
	uint32_t written = 0;

	for (;;) {
		d = table[i];
		if ((d.flags & VRING_DESC_INDIRECT) != 0) {
			table = (const void *)(host + d.addr);
			i = 0;
			continue;
		}
		if ((d.flags & VRING_DESC_WRITE) != 0) {
			host[d.addr] = 1;
			written += d.len;
		} else
			*sum += host[d.addr];
		if ((d.flags & VRING_DESC_NEXT) == 0)
			return written;
		i = d.next;
	}
}

/* Entries from seen to limit, used elements shift behind them. */
static uint64_t
flat_drain(const struct flat *f, unsigned seen, unsigned limit,
    unsigned shift)
{
	const struct flat q = *f;
	struct flat_used *elem;
	uint64_t sum = 0;
	unsigned head;

	for (; seen != limit; seen++) {
		head = q.avail[seen & q.mask];
		elem = &q.used[(seen + shift) & q.mask];
		elem->id = head;
		elem->len = flat_chain(q.host, q.table, head, &sum);
	}
	return sum;
}

uint64_t
flat_serve(struct ring *r)
{
	uint8_t *host = r->ram - r->gpa;
	uint16_t *avail = (void *)(host + r->avail);
	uint16_t *used = (void *)(host + r->used);
	struct flat f = { host, (void *)(host + r->desc), avail + 2,
	    (void *)(used + 2), r->size - 1U };
	uint16_t limit, n;

	while ((limit = __atomic_load_n(avail + 1, __ATOMIC_ACQUIRE)) !=
	    r->seen) {
		n = (uint16_t)(limit - r->seen);
		r->sum += flat_drain(&f, r->seen, r->seen + n,
		    (unsigned)r->filled - r->seen);
		r->filled += n;
		r->seen = limit;
	}
	__atomic_store_n(used + 1, r->filled, __ATOMIC_SEQ_CST);
	r->irqs += (__atomic_load_n(avail, __ATOMIC_SEQ_CST) &
	    VRING_AVAIL_NO_IRQ) == 0;
	return r->batch;
}
