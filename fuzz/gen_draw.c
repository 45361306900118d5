#include "gen_kind.h"

uint64_t
gen_odd(struct prng *r)
{
	static const uint64_t odd[] = {
		0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 255,
		256, 511, 512, 513, 1023, 1024, 1025, 4095, 4096, 0x7fff,
		0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff,
		0x100000000, 0x7fffffffffffffff, 0x8000000000000000,
		0xffffffffffffffff, 0xfffffffffffffff0
	};

	switch (below(r, 4)) {
	case 0:
		return prng_next(r);
	case 1:
		return 1ULL << below(r, 64);
	default:
		return PICK(r, odd);
	}
}

uint64_t
gen_gpa(struct prng *r)
{
	static const uint64_t base[] = {
		0x400, 0x400 + 256, 0x400 + 512, 0x400 + 2048, 0x1400, 0x2400,
		0x4000, 0x7c00, 0x8000 - 64, 0x100000000, 0x100000400,
		0x100003000, 0x100004000 - 64
	};

	uint64_t gpa = PICK(r, base);

	return gpa + below(r, 1U << below(r, 9));
}

void
gen_bytes(struct prng *r, uint8_t *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		p[i] = one_in(r, 3) ? (uint8_t)gen_odd(r) :
		    (uint8_t)prng_next(r);
}

void
gen_seg(struct wbuf *w, unsigned flags, unsigned arg, unsigned len)
{
	wb_u8(w, (uint8_t)flags);
	wb_u8(w, (uint8_t)arg);
	wb_u16(w, (uint16_t)len);
}

void
gen_cut(struct wbuf *w, struct prng *r, unsigned out, unsigned in)
{
	unsigned step;

	for (; out > 0 && w->len < 32; out -= step) {
		step = one_in(r, 2) || w->len == 28 ? out : 1 + below(r, out);
		gen_seg(w, 0, below(r, 16), step);
	}
	for (; in > 0 && w->len < 64; in -= step) {
		step = one_in(r, 2) || w->len == 60 ? in : 1 + below(r, in);
		gen_seg(w, TRACE_SEG_WRITE, below(r, 16), step);
	}
}
