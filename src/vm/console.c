#include "console.h"

#include <sys/types.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE	20	/* ms for the rest of a text */

void
console_none(struct console *c)
{
	memset(c, 0, sizeof(*c));
	c->in = c->out = c->slave = -1;
}

void
console_stdio(struct console *c)
{
	struct termios t;
	struct stat st;

	console_none(c);
	c->in = STDIN_FILENO;
	c->out = STDOUT_FILENO;
	/* What is always ready cannot be waited for. */
	c->file = fstat(c->in, &st) == -1 || S_ISREG(st.st_mode) ||
	    (S_ISCHR(st.st_mode) && !isatty(c->in));
	if (!isatty(c->in) || tcgetattr(c->in, &c->saved) == -1)
		return;
	t = c->saved;
	cfmakeraw(&t);
	c->raw = tcsetattr(c->in, TCSANOW, &t) == 0;
}

void
console_fd(struct console *c, int fd)
{
	console_none(c);
	c->in = c->out = fd;
	c->pty = 1;
}

/* The other end stays open here, so that nobody's leaving is the end. */
static int
slave_open(struct console *c, char *name, size_t cap)
{
	const char *path;
	struct termios t;

	if (grantpt(c->in) == -1 || unlockpt(c->in) == -1)
		return -1;
	path = ptsname(c->in);
	if (path == NULL)
		return -1;
	snprintf(name, cap, "%s", path);
	c->slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (c->slave == -1 || tcgetattr(c->slave, &t) == -1)
		return -1;
	cfmakeraw(&t);
	return tcsetattr(c->slave, TCSANOW, &t);
}

int
console_pty(struct console *c, char *name, size_t cap)
{
	int saved;

	console_none(c);
	c->in = c->out = posix_openpt(O_RDWR | O_NOCTTY);
	if (c->in == -1)
		return -1;
	c->pty = 1;
	c->ours = 1;
	fcntl(c->in, F_SETFD, FD_CLOEXEC);
	if (slave_open(c, name, cap) == -1) {
		saved = errno;
		console_close(c);
		errno = saved;
		return -1;
	}
	return 0;
}

void
console_close(struct console *c)
{
	if (c->raw)
		tcsetattr(c->in, TCSANOW, &c->saved);
	if (c->slave != -1)
		close(c->slave);
	if (c->ours)
		close(c->in);
	console_none(c);
}

/* What poll says about the output: 1 room, 0 none, -1 nobody is there. */
static int
room(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	if (poll(&p, 1, ms) <= 0)
		return 0;
	if ((p.revents & POLLOUT) != 0)
		return 1;
	return -1;
}

int
console_write(struct console *c, const void *p, size_t len)
{
	const uint8_t *b = p;
	ssize_t n;
	int r;

	while (c->out != -1 && len > 0) {
		/* What was begun is waited for a little, then cut. */
		r = room(c->out, b == p ? 0 : PATIENCE);
		if (r == 0)
			return b == p ? -1 : 0;
		if (r == -1)
			return 0;
		n = write(c->out, b, len < 256 ? len : 256);
		if (n == -1 && errno != EAGAIN && errno != EINTR)
			return 0;
		if (n == -1)
			continue;
		b += n;
		len -= (size_t)n;
	}
	return 0;
}

/* What a byte behind the prefix means. */
static enum console_event
command(struct console *c, uint8_t b)
{
	c->escaped = 0;
	switch (b) {
	case 'q':
		return CONSOLE_QUIT;
	case 'r':
		return CONSOLE_RESET;
	case 'b':
		return CONSOLE_BREAK;
	case CONSOLE_ESCAPE:
		c->buf[c->len++] = b;
		return CONSOLE_NOTHING;
	default:
		return CONSOLE_NOTHING;
	}
}

/* n bytes behind buf + len: the prefix is taken out. */
static enum console_event
sift(struct console *c, size_t n)
{
	enum console_event ev = CONSOLE_NOTHING, e;
	size_t from = c->len, end = from + n;
	uint8_t b;

	for (; from < end; from++) {
		b = c->buf[from];
		if (c->escaped) {
			e = command(c, b);
			if (e != CONSOLE_NOTHING)
				ev = e;
		} else if (b == CONSOLE_ESCAPE)
			c->escaped = 1;
		else
			c->buf[c->len++] = b;
	}
	return ev;
}

enum console_event
console_read(struct console *c)
{
	size_t have = sizeof(c->buf) - c->len;
	ssize_t n;

	if (have == 0)
		return CONSOLE_NOTHING;
	n = read(c->in, c->buf + c->len, have);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return CONSOLE_NOTHING;
	if (n <= 0)
		return CONSOLE_EOF;
	if (c->raw)
		return sift(c, (size_t)n);
	c->len += (size_t)n;
	return CONSOLE_NOTHING;
}

void
console_taken(struct console *c, size_t n)
{
	c->len -= n;
	memmove(c->buf, c->buf + n, c->len);
}
