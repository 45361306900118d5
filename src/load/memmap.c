#include "memmap.h"

#include <string.h>

#include "le.h"

#define KIB		1024ULL
#define MIB		(1024 * KIB)
#define GIB4		(4096 * MIB)

static void
add(struct memmap *m, uint64_t gpa, uint64_t len, uint32_t type)
{
	struct memmap_range *r = &m->range[m->n++];

	r->gpa = gpa;
	r->len = len;
	r->type = type;
}

int
memmap_layout(struct memmap *m, uint64_t size)
{
	uint64_t rest, low;

	memset(m, 0, sizeof(*m));
	if (size < MEMMAP_MINIMUM || size > MEMMAP_MAXIMUM ||
	    size % MIB != 0)
		return -1;
	rest = size - MIB - MEMMAP_FIRMWARE;
	low = rest < MEMMAP_HOLE - MIB ? rest : MEMMAP_HOLE - MIB;
	add(m, 0, 640 * KIB, MEMMAP_RAM);
	add(m, 640 * KIB, 384 * KIB, MEMMAP_RESERVED);
	add(m, MIB, low, MEMMAP_RAM);
	add(m, GIB4 - MEMMAP_FIRMWARE, MEMMAP_FIRMWARE, MEMMAP_RESERVED);
	if (rest > low)
		add(m, GIB4, rest - low, MEMMAP_RAM);
	return 0;
}

unsigned
memmap_backed(const struct memmap *m, struct memmap_range out[MEMMAP_MAX])
{
	const struct memmap_range *r;
	unsigned i, n = 0;

	for (i = 0; i < m->n; i++) {
		r = &m->range[i];
		if (n > 0 && out[n - 1].gpa + out[n - 1].len == r->gpa) {
			out[n - 1].len += r->len;
			continue;
		}
		out[n] = *r;
		out[n++].type = 0;
	}
	return n;
}

int
memmap_is_ram(const struct memmap *m, uint64_t gpa, uint64_t len)
{
	const struct memmap_range *r;
	unsigned i;

	for (i = 0; i < m->n; i++) {
		r = &m->range[i];
		if (r->type == MEMMAP_RAM && gpa >= r->gpa &&
		    gpa - r->gpa < r->len && len <= r->len - (gpa - r->gpa))
			return 1;
	}
	return 0;
}

uint64_t
memmap_low_end(const struct memmap *m)
{
	unsigned i;

	for (i = 0; i < m->n; i++) {
		if (m->range[i].gpa == MIB)
			return MIB + m->range[i].len;
	}
	return MIB;
}

size_t
memmap_e820(const struct memmap *m, uint8_t *p)
{
	unsigned i;

	for (i = 0; i < m->n; i++, p += MEMMAP_E820) {
		le64_put(p, m->range[i].gpa);
		le64_put(p + 8, m->range[i].len);
		le32_put(p + 16, m->range[i].type);
	}
	return (size_t)m->n * MEMMAP_E820;
}
