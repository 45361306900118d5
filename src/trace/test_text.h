/* Texts made traces, for the tests of both ways. */
#ifndef TEST_TEXT_H
#define TEST_TEXT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "text.h"

#define TEST_TEXT	(1 << 20)	/* of the longest text */

static uint8_t built[TEXT_ROOM(TEST_TEXT)];

static inline size_t
build(const char *p, size_t len, struct text_error *err)
{
	struct wbuf w;
	uint8_t *mem = malloc(TEXT_SCRATCH(len));
	int res;

	wb_init(&w, built, TEXT_ROOM(len));
	res = text_build(p, len, &w, mem, err);
	free(mem);
	assert_int_equal(res == 0, err->line == 0);
	if (res == 0)
		assert_false(wb_bad(&w));
	return res == 0 ? w.len : 0;
}

#endif
