/* Files in and out, and what stays when it goes wrong: nothing. */
#include "vmtrace.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char temporary[4096];		/* to be removed; empty: none */

void *
need(size_t n)
{
	void *p = malloc(n == 0 ? 1 : n);

	if (p == NULL)
		exit(complain("memory", "%zu bytes are not to be had", n));
	return p;
}

/* Takes all of a descriptor; 0, -1 with errno, or -2 when it is too long. */
static int
slurp(int fd, struct file *f)
{
	size_t cap = 0;
	ssize_t n;
	uint8_t *p;

	for (;;) {
		if (f->len == cap) {
			cap = cap == 0 ? 65536 : 2 * cap;
			if ((p = realloc(f->p, cap)) == NULL)
				return -1;
			f->p = p;
		}
		n = read(fd, f->p + f->len, cap - f->len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return (int)n;
		f->len += (size_t)n;
		if (f->len > FILE_MAX)
			return -2;
	}
}

int
file_read(struct file *f, const char *path)
{
	int fd = STDIN_FILENO, res;

	memset(f, 0, sizeof(*f));
	f->name = path;
	if (strcmp(path, "-") == 0)
		f->name = "standard input";
	else if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1) {
		complain(f->name, "%s", strerror(errno));
		return -1;
	}
	res = slurp(fd, f);
	if (res == -1)
		complain(f->name, "%s", strerror(errno));
	else if (res == -2)
		complain(f->name, "longer than %lu bytes", FILE_MAX);
	if (fd != STDIN_FILENO)
		close(fd);
	if (res != 0)
		file_free(f);
	return res == 0 ? 0 : -1;
}

void
file_free(struct file *f)
{
	free(f->p);
	f->p = NULL;
	f->len = 0;
}

/* Only what may be called in a handler. */
static void
on_signal(int sig)
{
	if (temporary[0] != '\0')
		unlink(temporary);
	signal(sig, SIG_DFL);
	raise(sig);
}

void
file_signals(void)
{
	static const int sigs[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction sa;
	size_t i;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = on_signal;
	sa.sa_flags = (int)SA_RESETHAND;
	for (i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		sigaction(sigs[i], &sa, NULL);
	/* These come back as errors of write. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

static int
put_all(int fd, const uint8_t *p, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = write(fd, p, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static void
block(int how, sigset_t *old)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(how, how == SIG_SETMASK ? old : &all,
	    how == SIG_SETMASK ? NULL : old);
}

/* Makes the temporary file; its name is known before a signal may come. */
static int
make_temporary(const char *path)
{
	const char *slash = strrchr(path, '/');
	int dir = slash == NULL ? 0 : (int)(slash - path) + 1;
	sigset_t old;
	int fd, n;

	n = snprintf(temporary, sizeof(temporary), "%.*s.%s.XXXXXX", dir, path,
	    path + dir);
	if (n < 0 || (size_t)n >= sizeof(temporary)) {
		temporary[0] = '\0';
		errno = ENAMETOOLONG;
		return -1;
	}
	block(SIG_BLOCK, &old);
	if ((fd = mkstemp(temporary)) == -1)
		temporary[0] = '\0';
	block(SIG_SETMASK, &old);
	return fd;
}

/* The mode that a new file would have. */
static void
usual_mode(int fd)
{
	mode_t mask = umask(0);

	umask(mask);
	(void)fchmod(fd, 0666 & ~mask);
}

int
file_write(const char *path, const void *p, size_t len)
{
	int fd, ok;

	if (strcmp(path, "-") == 0) {
		if (fwrite(p, 1, len, stdout) == len && fflush(stdout) == 0)
			return 0;
		complain("standard output", "%s", strerror(errno));
		return -1;
	}
	if ((fd = make_temporary(path)) == -1) {
		complain(path, "%s", strerror(errno));
		return -1;
	}
	usual_mode(fd);
	ok = put_all(fd, p, len) == 0;
	ok = close(fd) == 0 && ok;
	ok = ok && rename(temporary, path) == 0;
	if (!ok) {
		complain(path, "%s", strerror(errno));
		unlink(temporary);
	}
	temporary[0] = '\0';
	return ok ? 0 : -1;
}

static int shown;

void
progress(const char *what, uint64_t done, uint64_t all)
{
	static struct timespec start, last;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (start.tv_sec == 0)
		start = last = now;
	if (now.tv_sec - start.tv_sec < 2 || now.tv_sec == last.tv_sec ||
	    !isatty(STDERR_FILENO))
		return;
	last = now;
	shown = 1;
	if (all > 0)
		fprintf(stderr, "\r%s: %llu of %llu   ", what,
		    (unsigned long long)done, (unsigned long long)all);
	else
		fprintf(stderr, "\r%s: %llu   ", what,
		    (unsigned long long)done);
}

void
progress_end(void)
{
	if (shown)
		fputc('\n', stderr);
	shown = 0;
}
