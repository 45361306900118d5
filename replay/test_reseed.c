/* Recordings as inputs: what becomes of their messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "reseed.h"
#include "text.h"

#define ROOM	16384

static char shown[ROOM];

static void
put(void *arg, const char *p, size_t n)
{
	size_t *len = arg;

	assert_true(*len + n < ROOM);
	memcpy(shown + *len, p, n);
	*len += n;
	shown[*len] = '\0';
}

/* The records that a recording, given as text, becomes, one a line. */
static const char *
reseeded(const char *text)
{
	static uint8_t a[ROOM], b[ROOM];
	struct text_error e;
	struct trace_reader t;
	struct trace_rec r;
	struct wbuf w;
	char line[512];
	size_t len = 0;

	wb_init(&w, a, ROOM);
	if (text_build(text, strlen(text), &w, b, &e) == -1)
		fail_msg("line %u: %s", e.line, e.reason);
	assert_int_equal(trace_open(&t, a, w.len), TRACE_OK);
	wb_init(&w, b, ROOM);
	assert_int_equal(reseed(&t, &w), 0);
	assert_int_equal(trace_open(&t, b, w.len), TRACE_OK);
	shown[0] = '\0';
	while (trace_next(&t, &r) == TRACE_OK) {
		text_brief(line, sizeof(line), &r);
		put(&len, line, strlen(line));
		put(&len, "\n", 1);
	}
	return shown;
}

#define BRING_UP							\
	"conf viornd\n"							\
	"map 0x0+0x4000\n"						\
	"msg write common 0x8 4 0x1\n"					\
	"msg write common 0xc 4 0x1\n"					\
	"msg write common 0x14 1 0xb\n"					\
	"msg write common 0x18 2 4\n"					\
	"msg write common 0x20 4 0x1000\n"				\
	"msg write common 0x28 4 0x2000\n"				\
	"msg write common 0x30 4 0x3000\n"				\
	"msg write common 0x1c 2 1\n"

/* Bringing the device up becomes one SETUP; reads before it go. */
static void
test_setup(void **state)
{
	const char *s;

	(void)state;
	s = reseeded(BRING_UP
	    "msg read common 0x14 1\n"
	    "msg write common 0x14 1 0xf\n"
	    "msg read common 0x14 1\n");
	assert_non_null(strstr(s, "conf viornd\nsetup "));
	assert_null(strstr(s, "msg write"));
	assert_non_null(strstr(s, "msg read common device_status 1"));
	assert_null(strstr(strstr(s, "msg read") + 1, "msg read"));
}

/* Features in both halves, those of the last set-up alone. */
static void
test_features(void **state)
{
	const char *s;

	(void)state;
	s = reseeded(BRING_UP
	    "msg write common 0x8 4 0\n"
	    "msg write common 0xc 4 0x20000000\n"
	    "msg write common 0x8 4 2\n"
	    "msg write common 0xc 4 0xffffffff\n"
	    "msg write common 0x14 1 0xf\n");
	assert_non_null(strstr(s, "features=0x120000000"));
	s = reseeded(BRING_UP
	    "msg write common 0x14 1 0xf\n"
	    "msg write common 0x14 1 0\n"
	    "msg write common 0x8 4 0\n"
	    "msg write common 0xc 4 0x10000000\n"
	    "msg write common 0x18 2 4\n"
	    "msg write common 0x20 4 0x1000\n"
	    "msg write common 0x28 4 0x2000\n"
	    "msg write common 0x30 4 0x3000\n"
	    "msg write common 0x1c 2 1\n"
	    "msg write common 0x14 1 0xf\n");
	assert_non_null(strstr(s, "features=0x100000000"));
	assert_non_null(strstr(s, "features=0x10000000\n"));
}

/* A device that never went live has a SETUP without DRIVER_OK. */
static void
test_half(void **state)
{
	(void)state;
	assert_non_null(strstr(reseeded(BRING_UP), "nodrvok"));
}

/* A chain that was walked becomes a CHAIN, the kick goes into it. */
static void
test_chain(void **state)
{
	const char *s;

	(void)state;
	s = reseeded(BRING_UP
	    "msg write common 0x14 1 0xf\n"
	    "msg kick 0\n"
	    "load 0x2002 [0100]\n"
	    "load 0x2004 [0000]\n"
	    "load 0x1000 [00010000 00000000 10000000 02000000]\n");
	assert_non_null(strstr(s, "chain 0 kick w16"));
	assert_null(strstr(s, "msg kick"));
}

/* A kick without a chain stays what it is. */
static void
test_kick(void **state)
{
	(void)state;
	assert_non_null(strstr(reseeded(BRING_UP
	    "msg write common 0x14 1 0xf\n"
	    "msg kick 0\n"
	    "load 0x2002 [0000]\n"), "msg kick 0\n"));
}

/* A disk that the simulator cannot hold shrinks. */
static void
test_capacity(void **state)
{
	(void)state;
	assert_non_null(strstr(reseeded("conf vioblk capacity 129\n"),
	    "capacity 128"));
	assert_non_null(strstr(reseeded("conf vioblk capacity 7\n"),
	    "capacity 7"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_setup),
		cmocka_unit_test(test_features),
		cmocka_unit_test(test_half),
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_kick),
		cmocka_unit_test(test_capacity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
