/* The terminal: pty, the prefix key, output that nobody takes. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "console.h"

/* A raw console whose input is a pipe. */
static int
keys(struct console *c)
{
	int p[2];

	assert_int_equal(pipe(p), 0);
	console_none(c);
	c->in = p[0];
	c->raw = 1;
	return p[1];
}

static enum console_event
typed(struct console *c, int fd, const char *s, const char *want)
{
	enum console_event e;
	size_t n = strlen(want);

	assert_int_equal(write(fd, s, strlen(s)), (ssize_t)strlen(s));
	e = console_read(c);
	assert_int_equal(c->len, n);
	assert_memory_equal(c->buf, want, n);
	console_taken(c, n);
	assert_int_equal(c->len, 0);
	return e;
}

static void
prefix(void **state)
{
	struct console c;
	int fd = keys(&c);

	(void)state;
	assert_int_equal(typed(&c, fd, "abc", "abc"), CONSOLE_NOTHING);
	assert_int_equal(typed(&c, fd, "a\035qb", "ab"), CONSOLE_QUIT);
	assert_int_equal(typed(&c, fd, "\035", ""), CONSOLE_NOTHING);
	assert_int_equal(typed(&c, fd, "r", ""), CONSOLE_RESET);
	assert_int_equal(typed(&c, fd, "\035bx", "x"), CONSOLE_BREAK);
	assert_int_equal(typed(&c, fd, "\035\035q", "\035q"),
	    CONSOLE_NOTHING);
	assert_int_equal(typed(&c, fd, "\035zy", "y"), CONSOLE_NOTHING);
	close(fd);
	assert_int_equal(console_read(&c), CONSOLE_EOF);
	close(c.in);
}

/* Who is no terminal types what it wants. */
static void
plain(void **state)
{
	struct console c;
	int fd = keys(&c);

	(void)state;
	c.raw = 0;
	assert_int_equal(typed(&c, fd, "\035q", "\035q"), CONSOLE_NOTHING);
	close(fd);
	close(c.in);
}

static void
part_taken(void **state)
{
	struct console c;
	int fd = keys(&c);
	char junk[400];

	(void)state;
	memset(junk, 'x', sizeof(junk));
	junk[255] = 'y';
	assert_int_equal(write(fd, junk, sizeof(junk)), 400);
	console_read(&c);
	assert_int_equal(c.len, sizeof(c.buf));
	assert_int_equal(console_read(&c), CONSOLE_NOTHING);
	console_taken(&c, 255);
	assert_int_equal(c.len, 1);
	assert_int_equal(c.buf[0], 'y');
	console_read(&c);
	assert_int_equal(c.len, 1 + 144);
	close(fd);
	close(c.in);
}

static void
pty(void **state)
{
	struct console c;
	char name[64], b[8];
	struct termios t;
	int fd;

	(void)state;
	if (access("/dev/ptmx", R_OK | W_OK) == -1)
		skip();
	assert_int_equal(console_pty(&c, name, sizeof(name)), 0);
	fd = open(name, O_RDWR | O_NOCTTY);
	assert_true(fd != -1);
	assert_int_equal(tcgetattr(fd, &t), 0);
	assert_int_equal(t.c_lflag & (ICANON | ECHO), 0);
	assert_int_equal(console_write(&c, "hi\n", 3), 0);
	assert_int_equal(read(fd, b, sizeof(b)), 3);
	assert_memory_equal(b, "hi\n", 3);
	assert_int_equal(typed(&c, fd, "yes\035q", "yes\035q"),
	    CONSOLE_NOTHING);
	close(fd);
	console_close(&c);
	assert_int_equal(c.in, -1);
}

/* Nobody reads: at some point there is no room, and nothing hangs. */
static void
full(void **state)
{
	static char junk[200];
	struct console c;
	int p[2], i;

	(void)state;
	assert_int_equal(pipe(p), 0);
	console_none(&c);
	c.out = p[1];
	for (i = 0; i < 100000; i++) {
		if (console_write(&c, junk, sizeof(junk)) == -1)
			break;
	}
	assert_true(i > 100 && i < 100000);
	/* Nobody is there any more: it goes nowhere. */
	close(p[0]);
	assert_int_equal(console_write(&c, junk, sizeof(junk)), 0);
	close(p[1]);
	console_none(&c);
	assert_int_equal(console_write(&c, junk, sizeof(junk)), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefix),
		cmocka_unit_test(plain),
		cmocka_unit_test(part_taken),
		cmocka_unit_test(pty),
		cmocka_unit_test(full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
