#include "qcow2_int.h"

uint64_t
q2_count_load(const uint8_t *p, unsigned order, size_t i)
{
	switch (order) {
	case 0:
		return p[i / 8] >> (i % 8) & 1;
	case 1:
		return p[i / 4] >> (2 * (i % 4)) & 3;
	case 2:
		return p[i / 2] >> (4 * (i % 2)) & 15;
	case 3:
		return p[i];
	case 4:
		return beb16_get(p + i * 2);
	case 5:
		return beb32_get(p + i * 4);
	default:
		return beb64_get(p + i * 8);
	}
}

/* A count of fewer than eight bits, at bit shift of its byte. */
static void
store_bits(uint8_t *p, unsigned shift, unsigned mask, uint64_t v)
{
	*p = (uint8_t)((*p & ~(mask << shift)) | (unsigned)v << shift);
}

void
q2_count_store(uint8_t *p, unsigned order, size_t i, uint64_t v)
{
	switch (order) {
	case 0:
		store_bits(p + i / 8, i % 8, 1, v);
		break;
	case 1:
		store_bits(p + i / 4, 2 * (i % 4), 3, v);
		break;
	case 2:
		store_bits(p + i / 2, 4 * (i % 2), 15, v);
		break;
	case 3:
		p[i] = (uint8_t)v;
		break;
	case 4:
		beb16_put(p + i * 2, (uint16_t)v);
		break;
	case 5:
		beb32_put(p + i * 4, (uint32_t)v);
		break;
	default:
		beb64_put(p + i * 8, v);
		break;
	}
}

uint64_t
q2_count_max(unsigned order)
{
	return order >= 6 ? UINT64_MAX : (1ULL << (1u << order)) - 1;
}

static bool
touches(uint64_t a, uint64_t alen, uint64_t b, uint64_t blen)
{
	return blen != 0 && a < b + blen && b < a + alen;
}

bool
q2_reserved(const struct qcow2 *q, uint64_t off, uint64_t len)
{
	return off < q->csize ||
	    touches(off, len, q->l1off, (uint64_t)q->l1n * 8) ||
	    touches(off, len, q->reftoff, (uint64_t)q->reftn * 8) ||
	    touches(off, len, q->h.snapoff, (uint64_t)q->h.nsnap * 40);
}

uint64_t
q2_count_per_slice(const struct qcow2 *q)
{
	return 1ULL << (q2_slice_bits(q) + 3 - q->order);
}

int
q2_count_slice(struct qcow2 *q, uint64_t cluster, uint8_t **p, size_t *i)
{
	uint64_t block = cluster >> q->rbits;
	uint64_t nth = cluster & ((1ULL << q->rbits) - 1);
	unsigned per = q2_slice_bits(q) + 3 - q->order;	/* log2 */

	*p = NULL;
	*i = nth & ((1ULL << per) - 1);
	if (block >= q->reftn || q->reft[block] == 0)
		return 0;
	return q2_cache_get(q, &q->rcc, q->reft[block] +
	    ((nth >> per) << q2_slice_bits(q)), p);
}

int
q2_count_get(struct qcow2 *q, uint64_t cluster, uint64_t *v)
{
	uint8_t *p;
	size_t i;
	int rv;

	rv = q2_count_slice(q, cluster, &p, &i);
	if (rv == 0)
		*v = p == NULL ? 0 : q2_count_load(p, q->order, i);
	return rv;
}

int
q2_count_set(struct qcow2 *q, uint64_t cluster, uint64_t v)
{
	uint8_t *p;
	size_t i;
	int rv;

	rv = q2_count_slice(q, cluster, &p, &i);
	if (rv != 0)
		return rv;
	if (p == NULL)
		return DISK_ECORRUPT;
	q2_count_store(p, q->order, i, v);
	q2_cache_dirty(&q->rcc);
	if (v == 0 && cluster < q->hint)
		q->hint = cluster;
	return 0;
}

int
q2_count_add(struct qcow2 *q, uint64_t cluster, uint64_t n)
{
	uint64_t v, i;
	int rv;

	for (i = 0; i < n; i++) {
		rv = q2_count_get(q, cluster + i, &v);
		if (rv == 0 && v >= q2_count_max(q->order))
			rv = DISK_ENOSPC;
		if (rv == 0)
			rv = q2_count_set(q, cluster + i, v + 1);
		if (rv != 0)
			return rv;
	}
	return 0;
}

int
q2_count_sub(struct qcow2 *q, uint64_t cluster, uint64_t n)
{
	uint64_t v, i;
	int rv;

	for (i = 0; i < n; i++) {
		rv = q2_count_get(q, cluster + i, &v);
		if (rv == 0 && v == 0)
			rv = DISK_ECORRUPT;
		if (rv == 0)
			rv = q2_count_set(q, cluster + i, v - 1);
		if (rv != 0)
			return rv;
	}
	return 0;
}
