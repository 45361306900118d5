#include "vmdisk.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
parse_size(const char *s, uint64_t *out)
{
	static const char units[] = "KMGTPE";
	const char *u;
	uintmax_t v;
	unsigned shift = 0;
	char *end;

	if (*s < '0' || *s > '9')
		return -1;
	errno = 0;
	v = strtoumax(s, &end, 10);
	if (errno != 0)
		return -1;
	if (*end != '\0') {
		u = strchr(units, *end >= 'a' ? *end - 'a' + 'A' : *end);
		if (u == NULL || *u == '\0' || end[1] != '\0')
			return -1;
		shift = (unsigned)(u - units + 1) * 10;
	}
	if (v > (uintmax_t)INT64_MAX >> shift)
		return -1;
	*out = (uint64_t)v << shift;
	return 0;
}

int
parse_format(const char *s, enum disk_format *f)
{
	if (strcmp(s, "raw") == 0)
		*f = DISK_RAW;
	else if (strcmp(s, "qcow2") == 0)
		*f = DISK_QCOW2;
	else
		return complain(NULL, "unknown format %s: raw or qcow2", s);
	return 0;
}

/* log2 of a size that is a power of two; -1 when it is none. */
static int
parse_log2(const char *s, unsigned *out)
{
	uint64_t v;

	if (parse_size(s, &v) == -1 || v == 0 || (v & (v - 1)) != 0)
		return -1;
	*out = (unsigned)__builtin_ctzll(v);
	return 0;
}

static int
one_option(const char *key, const char *val, struct qcow2_params *p)
{
	if (strcmp(key, "version") == 0 && (strcmp(val, "2") == 0 ||
	    strcmp(val, "3") == 0)) {
		p->version = (unsigned)(val[0] - '0');
		return 0;
	}
	if (strcmp(key, "cluster") == 0)
		return parse_log2(val, &p->cluster_bits);
	if (strcmp(key, "refcount") == 0) {
		p->order_given = 1;
		return parse_log2(val, &p->refcount_order);
	}
	if (strcmp(key, "compression") == 0) {
		p->ctype = strcmp(val, "zstd") == 0 ? QCOW2_ZSTD :
		    QCOW2_ZLIB;
		return strcmp(val, "zstd") == 0 || strcmp(val, "zlib") == 0 ?
		    0 : -1;
	}
	if (strcmp(key, "prealloc") == 0) {
		p->prealloc = strcmp(val, "metadata") == 0;
		return p->prealloc || strcmp(val, "off") == 0 ? 0 : -1;
	}
	if (strcmp(key, "lazy") == 0) {
		p->lazy = strcmp(val, "on") == 0;
		return p->lazy || strcmp(val, "off") == 0 ? 0 : -1;
	}
	return -1;
}

int
parse_options(char *s, struct qcow2_params *p)
{
	char *tok, *val;

	while ((tok = strsep(&s, ",")) != NULL) {
		val = strchr(tok, '=');
		if (val == NULL)
			return complain(NULL, "option \"%s\" has no value: "
			    "see vmdisk(1)", tok);
		*val++ = '\0';
		if (one_option(tok, val, p) == -1)
			return complain(NULL, "option %s=%s is not valid: "
			    "see vmdisk(1)", tok, val);
	}
	return 0;
}

const char *
human_size(uint64_t n, char *buf)
{
	static const char units[] = "BKMGTPE";
	double v = (double)n;
	int i = 0;

	for (; v >= 1024 && units[i + 1] != '\0'; i++)
		v /= 1024;
	snprintf(buf, 16, i == 0 || v == (double)(long)v ? "%.0f%c" :
	    "%.1f%c", v, units[i]);
	return buf;
}
