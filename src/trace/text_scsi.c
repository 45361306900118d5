/* Comments for a SCSI adapter: virtio 1.3, 5.6.6. */
#include "text_scsi.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define REQ_HEAD	19		/* before the CDB */
#define RSP_HEAD	12		/* before sense data */
#define SENSE		96		/* bytes of it, usually */

struct line {
	char	*p;
	size_t	 n, cap;
};

static void add(struct line *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

static void
add(struct line *l, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(l->p + l->n, l->cap - l->n, fmt, ap);
	va_end(ap);
	if (n > 0)
		l->n += (size_t)n < l->cap - l->n ? (size_t)n :
		    l->cap - l->n - 1;
}

static uint64_t
be(const uint8_t *p, unsigned n)
{
	uint64_t v = 0;

	while (n-- > 0)
		v = v << 8 | *p++;
	return v;
}

/* Where a command has its address and its count, in bytes or in blocks. */
static const struct {
	uint8_t		 op, lba, lbaw, count, countw;
	const char	*name, *unit;
} commands[] = {
	{ 0x00, 0, 0, 0, 0, "TEST UNIT READY", "" },
	{ 0x03, 0, 0, 4, 1, "REQUEST SENSE", "bytes" },
	{ 0x08, 1, 3, 4, 1, "READ(6)", "blocks" },
	{ 0x0a, 1, 3, 4, 1, "WRITE(6)", "blocks" },
	{ 0x12, 0, 0, 3, 2, "INQUIRY", "bytes" },
	{ 0x15, 0, 0, 4, 1, "MODE SELECT(6)", "bytes" },
	{ 0x1a, 0, 0, 4, 1, "MODE SENSE(6)", "bytes" },
	{ 0x1b, 0, 0, 0, 0, "START STOP UNIT", "" },
	{ 0x1e, 0, 0, 0, 0, "PREVENT ALLOW MEDIUM REMOVAL", "" },
	{ 0x25, 0, 0, 0, 0, "READ CAPACITY(10)", "" },
	{ 0x28, 2, 4, 7, 2, "READ(10)", "blocks" },
	{ 0x2a, 2, 4, 7, 2, "WRITE(10)", "blocks" },
	{ 0x2f, 2, 4, 7, 2, "VERIFY(10)", "blocks" },
	{ 0x35, 2, 4, 7, 2, "SYNCHRONIZE CACHE(10)", "blocks" },
	{ 0x41, 2, 4, 7, 2, "WRITE SAME(10)", "blocks" },
	{ 0x42, 0, 0, 7, 2, "UNMAP", "bytes" },
	{ 0x43, 0, 0, 7, 2, "READ TOC", "bytes" },
	{ 0x46, 0, 0, 7, 2, "GET CONFIGURATION", "bytes" },
	{ 0x4a, 0, 0, 7, 2, "GET EVENT STATUS NOTIFICATION", "bytes" },
	{ 0x51, 0, 0, 7, 2, "READ DISC INFORMATION", "bytes" },
	{ 0x55, 0, 0, 7, 2, "MODE SELECT(10)", "bytes" },
	{ 0x5a, 0, 0, 7, 2, "MODE SENSE(10)", "bytes" },
	{ 0x88, 2, 8, 10, 4, "READ(16)", "blocks" },
	{ 0x8a, 2, 8, 10, 4, "WRITE(16)", "blocks" },
	{ 0x8f, 2, 8, 10, 4, "VERIFY(16)", "blocks" },
	{ 0x91, 2, 8, 10, 4, "SYNCHRONIZE CACHE(16)", "blocks" },
	{ 0x93, 2, 8, 10, 4, "WRITE SAME(16)", "blocks" },
	{ 0x9e, 0, 0, 10, 4, "SERVICE ACTION IN(16)", "bytes" },
	{ 0xa0, 0, 0, 6, 4, "REPORT LUNS", "bytes" },
	{ 0xa8, 2, 4, 6, 4, "READ(12)", "blocks" },
	{ 0xaa, 2, 4, 6, 4, "WRITE(12)", "blocks" },
	{ 0xaf, 2, 4, 6, 4, "VERIFY(12)", "blocks" },
	{ 0xbd, 0, 0, 8, 2, "MECHANISM STATUS", "bytes" },
};

static void
put_options(struct line *l, const uint8_t *cdb)
{
	switch (cdb[0]) {
	case 0x12:
		if (cdb[1] & 1)
			add(l, " page %02x", cdb[2]);
		break;
	case 0x1a:
	case 0x5a:
		add(l, " page %02x", cdb[2] & 0x3f);
		break;
	case 0x1b:
		add(l, cdb[4] & 2 ? cdb[4] & 1 ? " load" : " eject" :
		    cdb[4] & 1 ? " start" : " stop");
		break;
	case 0x1e:
		add(l, cdb[4] & 1 ? " prevent" : " allow");
		break;
	case 0x43:
		add(l, " format %u%s", cdb[2] & 15, cdb[1] & 2 ? " MSF" : "");
		break;
	case 0x9e:
		if ((cdb[1] & 31) == 0x10)
			add(l, " READ CAPACITY(16)");
		break;
	}
}

static void
put_cdb(struct line *l, const uint8_t *cdb)
{
	unsigned i, n = sizeof(commands) / sizeof(commands[0]);
	uint64_t lba;

	for (i = 0; i < n && commands[i].op != cdb[0]; i++)
		;
	if (i == n) {
		add(l, "command %02x", cdb[0]);
		return;
	}
	add(l, "%s", commands[i].name);
	put_options(l, cdb);
	lba = be(cdb + commands[i].lba, commands[i].lbaw);
	if (commands[i].lbaw == 3)
		lba &= 0x1fffff;
	if (commands[i].lbaw > 0)
		add(l, " lba %" PRIu64, lba);
	if (commands[i].countw > 0)
		add(l, ", %" PRIu64 " %s", be(cdb + commands[i].count,
		    commands[i].countw), commands[i].unit);
}

static void
put_address(struct line *l, const uint8_t *p)
{
	if (p[0] == 0xc1 && p[1] == 1)
		add(l, "all:w ");
	else if (p[0] == 1 && p[2] == 0xc1)
		add(l, "%u:w ", p[1]);
	else if (p[0] == 1 && p[2] >> 6 < 2)
		add(l, "%u:%u ", p[1], (unsigned)be(p + 2, 2) & 0x3fff);
	else
		add(l, "no address: ");
}

/* Commands that fall short have zeros behind them. */
static void
command(struct line *l, const uint8_t *p, size_t len)
{
	uint8_t cdb[16] = { 0 };
	size_t n = len - REQ_HEAD;

	memcpy(cdb, p + REQ_HEAD, n < sizeof(cdb) ? n : sizeof(cdb));
	put_address(l, p);
	put_cdb(l, cdb);
	if (le64_get(p + 8) != 0)
		add(l, ", id %" PRIu64, le64_get(p + 8));
}

static void
control(struct line *l, const uint8_t *p, size_t len)
{
	static const char *const functions[] = {
		"ABORT TASK", "ABORT TASK SET", "CLEAR ACA", "CLEAR TASK SET",
		"I_T NEXUS RESET", "LOGICAL UNIT RESET", "QUERY TASK",
		"QUERY TASK SET"
	};
	uint32_t type = le32_get(p), f;

	if (type == 0 && len >= 24) {
		f = le32_get(p + 4);
		put_address(l, p + 8);
		if (f < sizeof(functions) / sizeof(functions[0]))
			add(l, "%s", functions[f]);
		else
			add(l, "function %u", f);
		if (f == 0 || f == 6)
			add(l, " id %" PRIu64, le64_get(p + 16));
	} else if (type == 1 || type == 2) {
		if (len < 16)
			return;
		put_address(l, p + 4);
		add(l, "%s events 0x%x", type == 1 ? "query" : "subscribe to",
		    le32_get(p + 12));
	}
}

void
text_scsi_chain(char *buf, size_t cap, unsigned q, const uint8_t *p,
    size_t len)
{
	struct line l = { buf, 0, cap };

	if (q == 0 && len >= 4)
		control(&l, p, len);
	else if (q > 1 && len > REQ_HEAD)
		command(&l, p, len);
}

/*
 * An address has a 1 or c1 in front and zeros behind; where it stands tells
 * requests apart.
 */
static int
is_address(const uint8_t *p)
{
	return (p[0] == 1 || p[0] == 0xc1) &&
	    (p[4] | p[5] | p[6] | p[7]) == 0;
}

void
text_scsi_load(char *buf, size_t cap, const uint8_t *p, size_t len)
{
	struct line l = { buf, 0, cap };

	if (len > 24 && is_address(p))
		command(&l, p, len);
	else if (len == 24 && le32_get(p) == 0 && is_address(p + 8))
		control(&l, p, len);
	else if ((len == 16 || len == 24) && le32_get(p) - 1 < 2 &&
	    is_address(p + 4))
		control(&l, p, len);
}

static const char *
response_name(unsigned r)
{
	static const char *const names[] = {
		"OK", "OVERRUN", "ABORTED", "BAD_TARGET", "RESET", "BUSY",
		"TRANSPORT_FAILURE", "TARGET_FAILURE", "NEXUS_FAILURE",
		"FAILURE", "FUNCTION_SUCCEEDED", "FUNCTION_REJECTED",
		"INCORRECT_LUN"
	};

	return r < sizeof(names) / sizeof(names[0]) ? names[r] : NULL;
}

static const char *
sense_name(uint32_t code)
{
	static const struct {
		uint32_t	 code;
		const char	*name;
	} names[] = {
		{ 0x0c00, "write error" }, { 0x1100, "read error" },
		{ 0x1a00, "parameter list length" },
		{ 0x1d00, "miscompare" }, { 0x2000, "unknown command" },
		{ 0x2100, "address out of range" },
		{ 0x2400, "invalid field in CDB" },
		{ 0x2500, "no such unit" },
		{ 0x2600, "invalid field in parameter list" },
		{ 0x2700, "write protected" },
		{ 0x2707, "no space left" },
		{ 0x2800, "medium may have changed" },
		{ 0x2900, "power on or reset" },
		{ 0x2903, "unit was reset" }, { 0x2907, "nexus lost" },
		{ 0x2a09, "capacity changed" },
		{ 0x3900, "cannot save parameters" },
		{ 0x3a00, "no medium" }, { 0x3a02, "tray open" },
		{ 0x5302, "medium removal prevented" },
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].code == code)
			return names[i].name;
	return NULL;
}

static void
put_sense(struct line *l, const uint8_t *p, size_t len)
{
	static const char *const keys[16] = {
		"NO SENSE", "RECOVERED ERROR", "NOT READY", "MEDIUM ERROR",
		"HARDWARE ERROR", "ILLEGAL REQUEST", "UNIT ATTENTION",
		"DATA PROTECT", "BLANK CHECK", "VENDOR SPECIFIC",
		"COPY ABORTED", "ABORTED COMMAND", "SENSE KEY 12",
		"VOLUME OVERFLOW", "MISCOMPARE", "COMPLETED"
	};
	int fixed = (p[0] & 0x7e) == 0x70;
	unsigned key, code;
	const char *name;

	if (len < 14 && (fixed || len < 4))
		return;
	key = fixed ? p[2] & 15 : p[1] & 15;
	code = (unsigned)be(fixed ? p + 12 : p + 2, 2);
	name = sense_name(code);
	add(l, ": %s %02x/%02x", keys[key], code >> 8, code & 0xff);
	if (name != NULL)
		add(l, " %s", name);
}

static void
answer(struct line *l, const uint8_t *p, size_t len)
{
	uint32_t n = le32_get(p), residual = le32_get(p + 4);
	const char *name = response_name(p[11]);

	if (name == NULL)
		return;
	add(l, "%s", name);
	if (p[11] == 0)
		add(l, "%s", p[10] == 0 ? " GOOD" : p[10] == 2 ?
		    " CHECK CONDITION" : " other status");
	if (n > 0 && n <= len - RSP_HEAD)
		put_sense(l, p + RSP_HEAD, n);
	if (residual != 0)
		add(l, ", residual %u", residual);
}

static void
event(struct line *l, const uint8_t *p)
{
	static const char *const names[] = {
		"no event", "transport reset", "asynchronous event",
		"parameters changed"
	};
	uint32_t e = le32_get(p);

	if ((e & 0x7fffffff) > 3)
		return;
	if ((e & 0x7fffffff) != 0)
		put_address(l, p + 4);
	add(l, "%s", names[e & 3]);
	if (le32_get(p + 12) != 0)
		add(l, " 0x%x", le32_get(p + 12));
	if (e >> 31 != 0)
		add(l, ", some were missed");
}

void
text_scsi_store(char *buf, size_t cap, const uint8_t *p, size_t len)
{
	struct line l = { buf, 0, cap };
	const char *name;

	if (len == 1 || len == 5) {
		name = response_name(p[len - 1]);
		if (name != NULL)
			add(&l, "%s", name);
		if (name != NULL && len == 5)
			add(&l, " events 0x%x", le32_get(p));
	} else if (len == 16)
		event(&l, p);
	else if (len == RSP_HEAD || len == RSP_HEAD + SENSE)
		answer(&l, p, len);
}
