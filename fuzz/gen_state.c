#include "gen_kind.h"

#include "virtio.h"

/* A field of a state: what fits, or a wild value when it is its turn. */
static uint64_t
field(struct prng *r, unsigned *turn, uint64_t fits)
{
	return (*turn)-- == 0 ? gen_odd(r) : fits;
}

/* A saved state of vioblk with one queue, at most one field wrong: state.c. */
void
gen_state(struct wbuf *w, struct prng *r)
{
	unsigned turn = one_in(r, 3) ? below(r, 20) : 99;
	int live = !one_in(r, 4);
	uint8_t b[128];
	struct wbuf s;

	wb_init(&s, b, sizeof(b));
	wb_u16(&s, (uint16_t)field(r, &turn, 1));
	wb_u16(&s, (uint16_t)field(r, &turn, 1));
	wb_u64(&s, field(r, &turn, VIRTIO_F_VERSION_1 |
	    (prng_next(r) & 0x30007e46)));
	wb_u32(&s, (uint32_t)field(r, &turn, below(r, 3)));
	wb_u32(&s, (uint32_t)field(r, &turn, below(r, 3)));
	wb_u8(&s, (uint8_t)field(r, &turn, 0));
	wb_u8(&s, (uint8_t)field(r, &turn, live ? 15 : 11));
	wb_u8(&s, (uint8_t)field(r, &turn, live ? below(r, 4) : 0));
	wb_u8(&s, (uint8_t)prng_next(r));
	wb_u8(&s, (uint8_t)field(r, &turn, below(r, 2)));
	wb_u8(&s, (uint8_t)field(r, &turn, one_in(r, 4)));
	wb_u16(&s, (uint16_t)field(r, &turn, below(r, 3)));
	wb_u32(&s, 0);
	wb_u64(&s, field(r, &turn, one_in(r, 4) ? gen_gpa(r) & ~15ULL :
	    0x400));
	wb_u64(&s, field(r, &turn, one_in(r, 4) ? gen_gpa(r) & ~1ULL :
	    0x2400));
	wb_u64(&s, field(r, &turn, one_in(r, 4) ? gen_gpa(r) & ~3ULL :
	    0x3000));
	wb_u16(&s, (uint16_t)field(r, &turn, 1U << below(r, 8)));
	wb_u16(&s, (uint16_t)(live ? prng_next(r) : 0));
	wb_u16(&s, (uint16_t)(live ? prng_next(r) : 0));
	wb_u8(&s, (uint8_t)field(r, &turn, (uint64_t)live));
	wb_u8(&s, (uint8_t)field(r, &turn, 0));
	wb_u64(&s, field(r, &turn, 128));
	wb_u8(&s, (uint8_t)field(r, &turn, below(r, 3)));
	trace_put_state(w, b, one_in(r, 16) ? below(r, (unsigned)s.len) :
	    s.len);
}

