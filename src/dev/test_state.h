/*
 * Saved states put together by hand: the transport's part is that of a fresh
 * device, what stands behind it is the test's.
 */
#ifndef TEST_STATE_H
#define TEST_STATE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "sim.h"

static uint8_t st_head[1024];
static size_t st_headlen;

/* part: what a fresh device says of itself, as the test writes it. */
static inline void
st_begin(struct sim *s, const struct wbuf *part)
{
	static uint8_t all[SIM_STATE];
	struct wbuf w;

	wb_init(&w, all, sizeof(all));
	dev_save(s->dev, &w);
	assert_false(wb_bad(&w) || wb_bad(part));
	assert_true(w.len > part->len);
	st_headlen = w.len - part->len;
	assert_true(st_headlen < sizeof(st_head));
	assert_memory_equal(all + st_headlen, part->p, part->len);
	memcpy(st_head, all, st_headlen);
}

/* Whether it is taken; what is taken is saved again as it was. */
static inline int
st_taken(struct sim *s, const struct wbuf *part)
{
	static uint8_t state[SIM_STATE], again[SIM_STATE];
	struct wbuf w, a;

	wb_init(&w, state, sizeof(state));
	wb_bytes(&w, st_head, st_headlen);
	wb_bytes(&w, part->p, part->len);
	assert_false(wb_bad(&w) || wb_bad(part));
	s->ops = 0;
	sim_restore(s, state, w.len);
	if (s->ops >> 63 == 0)
		return 0;
	wb_init(&a, again, sizeof(again));
	dev_save(s->dev, &a);
	assert_int_equal(a.len, w.len);
	assert_memory_equal(again, state, w.len);
	return 1;
}

#endif
