#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "frame.h"
#include "prng.h"

static uint8_t buf[2 * FRAME_MAX];
static uint8_t wire[4 * FRAME_MAX];
static uint8_t body[FRAME_MAX];

static struct frame
frame_of(uint32_t type, int fd, size_t len)
{
	struct frame f = { type, 7, 99, fd, body, len };

	return f;
}

static size_t
put(struct wbuf *w, uint32_t type, int fd, size_t len)
{
	struct frame f = frame_of(type, fd, len);

	frame_put(w, &f);
	assert_false(wb_bad(w));
	return w->len;
}

/* Feeds in pieces of at most step bytes; counts the frames that come out. */
static unsigned
feed(struct frame_reader *r, const uint8_t *p, size_t len, size_t step,
    enum frame_result *last)
{
	struct frame f;
	unsigned count = 0;
	size_t room, n;
	uint8_t *dst;

	*last = FRAME_MORE;
	while (len > 0) {
		dst = frame_room(r, &room);
		if (room == 0)
			break;
		n = len < step ? len : step;
		n = n < room ? n : room;
		memcpy(dst, p, n);
		frame_fed(r, n);
		p += n;
		len -= n;
		while ((*last = frame_next(r, &f)) == FRAME_OK) {
			assert_int_equal(f.type, ++count);
			assert_int_equal(f.peer, 7);
			assert_int_equal(f.pid, 99);
			assert_memory_equal(f.data, body, f.len);
		}
	}
	return count;
}

static void
test_header(void **state)
{
	static const uint8_t want[] = {
		1, 0, 0, 0, 19, 0, 0, 0x80, 7, 0, 0, 0, 99, 0, 0, 0, 0, 1, 2
	};
	struct wbuf w;

	(void)state;
	wb_init(&w, wire, sizeof(wire));
	assert_int_equal(put(&w, 1, 1, 3), sizeof(want));
	assert_memory_equal(wire, want, sizeof(want));
}

/* However the stream is cut, the same frames come out. */
static void
test_pieces(void **state)
{
	static const size_t caps[] = { FRAME_MAX, FRAME_MAX + 1, sizeof(buf) };
	static const size_t steps[] = { 1, 2, 15, 16, 17, 1000, sizeof(wire) };
	struct frame_reader r;
	enum frame_result last;
	struct wbuf w;
	size_t i, j;

	(void)state;
	wb_init(&w, wire, sizeof(wire));
	put(&w, 1, 0, 0);
	put(&w, 2, 1, 1);
	put(&w, 3, 0, FRAME_MAX - FRAME_HEADER);
	put(&w, 4, 0, 5000);
	put(&w, 5, 0, FRAME_MAX - FRAME_HEADER);
	put(&w, 6, 1, 0);
	for (i = 0; i < sizeof(caps) / sizeof(caps[0]); i++)
		for (j = 0; j < sizeof(steps) / sizeof(steps[0]); j++) {
			frame_reader_init(&r, buf, caps[i]);
			assert_int_equal(feed(&r, wire, w.len, steps[j],
			    &last), 6);
			assert_int_equal(last, FRAME_MORE);
			assert_null(r.why);
		}
}

static void
test_fd_mark(void **state)
{
	struct frame_reader r;
	struct frame f;
	struct wbuf w;

	(void)state;
	frame_reader_init(&r, buf, sizeof(buf));
	wb_init(&w, buf, sizeof(buf));
	put(&w, 1, 1, 4);
	put(&w, 2, 0, 4);
	frame_fed(&r, w.len);
	assert_int_equal(frame_next(&r, &f), FRAME_OK);
	assert_int_equal(f.fd, 1);
	assert_int_equal(f.len, 4);
	assert_int_equal(frame_next(&r, &f), FRAME_OK);
	assert_int_equal(f.fd, 0);
	assert_int_equal(frame_next(&r, &f), FRAME_MORE);
}

static void
breaks(uint32_t lenword, const char *reason)
{
	struct frame_reader r;
	struct frame f;
	size_t room;

	frame_reader_init(&r, buf, sizeof(buf));
	memset(buf, 0, 64);
	le32_put(buf, 1);
	le32_put(buf + 4, lenword);
	le32_put(buf + 20, FRAME_HEADER);
	frame_fed(&r, FRAME_HEADER - 1);
	assert_int_equal(frame_next(&r, &f), FRAME_MORE);
	frame_fed(&r, 48);
	assert_int_equal(frame_next(&r, &f), FRAME_BAD);
	assert_string_equal(r.why, reason);
	/* It stays so, though a sound frame would follow. */
	assert_int_equal(frame_next(&r, &f), FRAME_BAD);
	frame_room(&r, &room);
	assert_int_equal(room, 0);
	assert_string_equal(r.why, reason);
}

static void
test_broken(void **state)
{
	(void)state;
	breaks(0, "frame shorter than its header");
	breaks(15, "frame shorter than its header");
	breaks(15 | FRAME_FDMARK, "frame shorter than its header");
	breaks(FRAME_MAX + 1, "frame longer than the limit");
	breaks(0x40000010, "frame longer than the limit");
	breaks(0xffffffff, "frame longer than the limit");
}

static void
test_overfed(void **state)
{
	struct frame_reader r;
	struct frame f;

	(void)state;
	frame_reader_init(&r, buf, FRAME_MAX);
	frame_fed(&r, FRAME_MAX + 1);
	assert_int_equal(frame_next(&r, &f), FRAME_BAD);
	assert_string_equal(r.why, "more bytes than there was room for");
}

static void
test_put_limits(void **state)
{
	struct frame f = frame_of(1, 0, FRAME_MAX - FRAME_HEADER);
	struct wbuf w;
	size_t cap;

	(void)state;
	wb_init(&w, wire, sizeof(wire));
	frame_put(&w, &f);
	assert_false(wb_bad(&w));
	assert_int_equal(w.len, FRAME_MAX);
	f.len++;
	frame_put(&w, &f);
	assert_true(wb_bad(&w));
	assert_int_equal(w.len, FRAME_MAX);
	f.len = 3;
	for (cap = 0; cap < FRAME_HEADER + 3; cap++) {
		wb_init(&w, wire, cap);
		frame_put(&w, &f);
		assert_true(wb_bad(&w));
		assert_int_equal(w.len, 0);
	}
}

/* Any bytes in any pieces: cursors stay inside, frames lie in the buffer. */
static void
test_noise(void **state)
{
	struct frame_reader r;
	struct frame f;
	struct prng rng;
	size_t i, j, n, room;
	uint8_t *dst;

	(void)state;
	prng_seed(&rng, 3);
	for (i = 0; i < 20000; i++) {
		frame_reader_init(&r, buf, FRAME_MAX);
		for (j = 0; j < 4; j++) {
			dst = frame_room(&r, &room);
			n = prng_below(&rng, 40);
			n = n < room ? n : room;
			while (n-- > 0) {
				*dst++ = prng_below(&rng, 3) ? 0 :
				    (uint8_t)prng_below(&rng, 33);
				frame_fed(&r, 1);
			}
			while (frame_next(&r, &f) == FRAME_OK)
				assert_true(f.data >= buf &&
				    f.data + f.len <= buf + r.end);
			assert_true(r.start <= r.end && r.end <= r.cap);
		}
	}
}

static int
setup(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(body); i++)
		body[i] = (uint8_t)i;
	return 0;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_fd_mark),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_overfed),
		cmocka_unit_test(test_put_limits),
		cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
