/* For tests that ask qemu-img and qemu-io: shell commands and files. */
#ifndef TEST_QEMU_H
#define TEST_QEMU_H

#include <sys/wait.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memstore.h"

static int tq_sh(const char *, ...)
    __attribute__((format(printf, 1, 2), unused));

/* The exit status of a shell command; its output goes to the file log. */
static int
tq_sh(const char *fmt, ...)
{
	char cmd[2400];
	va_list ap;
	int n, rv;

	va_start(ap, fmt);
	n = vsnprintf(cmd, sizeof(cmd) - 20, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(cmd) - 20)
		return -1;
	strcpy(cmd + n, " >log 2>&1");
	rv = system(cmd);
	return rv == -1 ? -1 : WEXITSTATUS(rv);
}

static inline void
tq_show_log(void)
{
	(void)!system("tail -5 log >&2");
}

static inline void
tq_dump(const char *name, const uint8_t *p, size_t len)
{
	FILE *f = fopen(name, "w");

	if (f == NULL || fwrite(p, 1, len, f) != len || fclose(f) != 0)
		abort();
}

static inline void
tq_load(struct ms *m, const char *name)
{
	FILE *f = fopen(name, "r");
	uint8_t *buf = malloc(m->cap);
	size_t n;

	if (f == NULL || buf == NULL)
		abort();
	n = fread(buf, 1, m->cap, f);
	fclose(f);
	ms_load(m, buf, n);
	free(buf);
}

/* A folder of our own to work in; 0 or -1. */
static inline int
tq_begin(void)
{
	char dir[] = "/tmp/vmddisk.XXXXXX";

	return mkdtemp(dir) == NULL ? -1 : chdir(dir);
}

/* Leaves and removes it, unless DISK_KEEP is set. */
static inline int
tq_end(void)
{
	char dir[256];

	if (getcwd(dir, sizeof(dir)) == NULL || chdir("/") == -1)
		return -1;
	if (getenv("DISK_KEEP") != NULL || strncmp(dir, "/tmp/", 5) != 0)
		return 0;
	if (chdir(dir) == -1 || system("rm -f -- *") != 0 ||
	    chdir("/") == -1)
		return -1;
	return rmdir(dir);
}

static inline int
tq_have_qemu(void)
{
	return system("qemu-img --version >/dev/null 2>&1") == 0;
}

#endif
