#include "qtest.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MAXWORDS	5		/* more than any command has */

struct word {
	const char	*p;
	size_t		 len;
};

/* What a word behind the name is. */
enum arg {
	A_NONE,
	A_PORT,
	A_ADDR,
	A_VALUE,		/* of the command's width */
	A_BYTE,
	A_SIZE,
	A_NS,
	A_HEX,
	A_B64,
	A_NAME
};

struct command {
	const char	*name;
	enum qtest_op	 op;
	unsigned	 width;
	enum arg	 arg[3];
};

static const struct command commands[] = {
	{ "inb", QTEST_IN, 1, { A_PORT } },
	{ "inw", QTEST_IN, 2, { A_PORT } },
	{ "inl", QTEST_IN, 4, { A_PORT } },
	{ "outb", QTEST_OUT, 1, { A_PORT, A_VALUE } },
	{ "outw", QTEST_OUT, 2, { A_PORT, A_VALUE } },
	{ "outl", QTEST_OUT, 4, { A_PORT, A_VALUE } },
	{ "readb", QTEST_LOAD, 1, { A_ADDR } },
	{ "readw", QTEST_LOAD, 2, { A_ADDR } },
	{ "readl", QTEST_LOAD, 4, { A_ADDR } },
	{ "readq", QTEST_LOAD, 8, { A_ADDR } },
	{ "writeb", QTEST_STORE, 1, { A_ADDR, A_VALUE } },
	{ "writew", QTEST_STORE, 2, { A_ADDR, A_VALUE } },
	{ "writel", QTEST_STORE, 4, { A_ADDR, A_VALUE } },
	{ "writeq", QTEST_STORE, 8, { A_ADDR, A_VALUE } },
	{ "read", QTEST_READ, 0, { A_ADDR, A_SIZE } },
	{ "write", QTEST_WRITE, 0, { A_ADDR, A_SIZE, A_HEX } },
	{ "b64read", QTEST_B64READ, 0, { A_ADDR, A_SIZE } },
	{ "b64write", QTEST_B64WRITE, 0, { A_ADDR, A_SIZE, A_B64 } },
	{ "memset", QTEST_MEMSET, 0, { A_ADDR, A_SIZE, A_BYTE } },
	{ "clock_step", QTEST_NEXT, 0, { A_NONE } },
	{ "clock_step", QTEST_STEP, 0, { A_NS } },
	{ "clock_set", QTEST_SET, 0, { A_NS } },
	{ "irq_intercept_in", QTEST_WATCH, 0, { A_NAME } },
	{ "irq_intercept_out", QTEST_WATCH, 0, { A_NAME } },
	{ "endianness", QTEST_ENDIAN, 0, { A_NONE } },
};

static int
refuse(const char **why, const char *reason)
{
	*why = reason;
	return -1;
}

/* Words of the line; one more than there is room for when there are more. */
static unsigned
split(const char *p, size_t len, struct word w[MAXWORDS])
{
	unsigned n = 0;
	size_t i = 0;

	while (i < len && n < MAXWORDS) {
		while (i < len && (p[i] == ' ' || p[i] == '\t' ||
		    p[i] == '\r'))
			i++;
		if (i == len)
			break;
		w[n].p = p + i;
		while (i < len && p[i] != ' ' && p[i] != '\t' && p[i] != '\r')
			i++;
		w[n].len = (size_t)(p + i - w[n].p);
		n++;
	}
	return n;
}

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

/* As strtoull with base 0 has it, but the whole word and without a sign. */
static int
number(const struct word *w, uint64_t *v)
{
	unsigned base = 10, d;
	size_t i = 0;

	if (w->len > 2 && w->p[0] == '0' && (w->p[1] | 0x20) == 'x') {
		base = 16;
		i = 2;
	} else if (w->len > 1 && w->p[0] == '0')
		base = 8;
	*v = 0;
	for (; i < w->len; i++) {
		d = (unsigned)digit(w->p[i]);
		if (d >= base || *v > (UINT64_MAX - d) / base)
			return -1;
		*v = *v * base + d;
	}
	return 0;
}

static int
below(const struct word *w, uint64_t limit, uint64_t *v, const char **why)
{
	if (number(w, v) == -1)
		return refuse(why, "not a number");
	if (*v > limit)
		return refuse(why, "number too large");
	return 0;
}

/* 0x and pairs of digits, no more than the size. */
static int
hex_ok(const struct word *w, size_t size)
{
	size_t i;

	if (w->len < 4 || w->len % 2 != 0 || w->p[0] != '0' ||
	    (w->p[1] | 0x20) != 'x' || (w->len - 2) / 2 > size)
		return 0;
	for (i = 2; i < w->len; i++) {
		if (digit(w->p[i]) == 16)
			return 0;
	}
	return 1;
}

static int
b64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Groups of four, padding at the end alone, exactly the size. */
static int
b64_ok(const struct word *w, size_t size)
{
	size_t i, n = w->len;

	if (n == 0 || n % 4 != 0)
		return 0;
	for (i = 0; i < 2 && w->p[n - 1] == '='; i++)
		n--;
	for (i = 0; i < n; i++) {
		if (b64_digit(w->p[i]) == -1)
			return 0;
	}
	return n * 6 / 8 == size;
}

static uint64_t
width_max(unsigned width)
{
	return width == 8 ? UINT64_MAX : (1ULL << width * 8) - 1;
}

static int
take_data(struct qtest_cmd *c, const struct word *w, int ok,
    const char **why)
{
	if (!ok)
		return refuse(why, "not that many bytes");
	c->data = w->p;
	c->datalen = w->len;
	return 0;
}

static int
take_size(struct qtest_cmd *c, const struct word *w, const char **why)
{
	uint64_t v;

	if (below(w, QTEST_MAXSIZE, &v, why) == -1)
		return -1;
	if (v == 0)
		return refuse(why, "a size of 0");
	c->size = (size_t)v;
	return 0;
}

static int
take(struct qtest_cmd *c, enum arg arg, const struct word *w,
    const char **why)
{
	switch (arg) {
	case A_PORT:
		return below(w, 0xffff, &c->addr, why);
	case A_ADDR:
		return below(w, UINT64_MAX, &c->addr, why);
	case A_VALUE:
		return below(w, width_max(c->width), &c->value, why);
	case A_BYTE:
		return below(w, 0xff, &c->value, why);
	case A_NS:
		return below(w, INT64_MAX, &c->value, why);
	case A_SIZE:
		return take_size(c, w, why);
	case A_HEX:
		return take_data(c, w, hex_ok(w, c->size), why);
	case A_B64:
		return take_data(c, w, b64_ok(w, c->size), why);
	default:
		return 0;
	}
}

static unsigned
args_of(const struct command *k)
{
	unsigned n = 0;

	while (n < 3 && k->arg[n] != A_NONE)
		n++;
	return n;
}

/* The command of a name with so many words behind it. */
static const struct command *
lookup(const struct word *w, unsigned args, const char **why)
{
	const struct command *k;
	unsigned i;

	*why = "unknown command";
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		k = &commands[i];
		if (strlen(k->name) != w->len ||
		    memcmp(k->name, w->p, w->len) != 0)
			continue;
		if (args_of(k) == args)
			return k;
		*why = "too few or too many words";
	}
	return NULL;
}

int
qtest_parse(const char *line, size_t len, struct qtest_cmd *c,
    const char **why)
{
	const struct command *k;
	struct word w[MAXWORDS];
	unsigned i, n;

	memset(c, 0, sizeof(*c));
	n = split(line, len, w);
	if (n == 0 || w[0].p[0] == '#')
		return 0;
	k = lookup(&w[0], n - 1, why);
	if (k == NULL)
		return -1;
	c->op = k->op;
	c->width = k->width;
	for (i = 0; i + 1 < n; i++) {
		if (take(c, k->arg[i], &w[i + 1], why) == -1)
			return -1;
	}
	return 0;
}

static void
bytes_hex(const struct qtest_cmd *c, uint8_t *dst)
{
	size_t i;

	memset(dst, 0, c->size);
	for (i = 0; 2 * i + 4 <= c->datalen; i++)
		dst[i] = (uint8_t)(digit(c->data[2 * i + 2]) << 4 |
		    digit(c->data[2 * i + 3]));
}

static void
bytes_b64(const struct qtest_cmd *c, uint8_t *dst)
{
	unsigned bits = 0, have = 0;
	size_t i, n = 0;

	for (i = 0; i < c->datalen && n < c->size; i++) {
		bits = bits << 6 | (unsigned)b64_digit(c->data[i]);
		have += 6;
		if (have >= 8) {
			have -= 8;
			dst[n++] = (uint8_t)(bits >> have);
			bits &= (1U << have) - 1;
		}
	}
}

void
qtest_bytes(const struct qtest_cmd *c, uint8_t *dst)
{
	if (c->op == QTEST_B64WRITE)
		bytes_b64(c, dst);
	else
		bytes_hex(c, dst);
}

static void
text(struct wbuf *w, const char *s)
{
	wb_bytes(w, s, strlen(s));
}

void
qtest_ok(struct wbuf *w)
{
	text(w, "OK\n");
}

void
qtest_ok_text(struct wbuf *w, const char *s)
{
	text(w, "OK ");
	text(w, s);
	text(w, "\n");
}

void
qtest_ok_value(struct wbuf *w, enum qtest_op op, uint64_t v)
{
	char s[32];

	snprintf(s, sizeof(s), op == QTEST_IN ? "0x%04" PRIx64 :
	    op == QTEST_LOAD ? "0x%016" PRIx64 : "%" PRIu64, v);
	qtest_ok_text(w, s);
}

void
qtest_ok_hex(struct wbuf *w, const uint8_t *p, size_t len)
{
	size_t i;

	text(w, "OK 0x");
	for (i = 0; i < len; i++) {
		wb_u8(w, (uint8_t)"0123456789abcdef"[p[i] >> 4]);
		wb_u8(w, (uint8_t)"0123456789abcdef"[p[i] & 15]);
	}
	text(w, "\n");
}

void
qtest_ok_b64(struct wbuf *w, const uint8_t *p, size_t len)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t v;
	size_t i, n;

	text(w, "OK ");
	for (i = 0; i < len; i += 3) {
		n = len - i;
		v = (uint32_t)p[i] << 16;
		if (n > 1)
			v |= (uint32_t)p[i + 1] << 8;
		if (n > 2)
			v |= p[i + 2];
		wb_u8(w, (uint8_t)set[v >> 18]);
		wb_u8(w, (uint8_t)set[v >> 12 & 63]);
		wb_u8(w, n > 1 ? (uint8_t)set[v >> 6 & 63] : '=');
		wb_u8(w, n > 2 ? (uint8_t)set[v & 63] : '=');
	}
	text(w, "\n");
}

void
qtest_fail(struct wbuf *w, const char *why)
{
	text(w, "FAIL ");
	text(w, why);
	text(w, "\n");
}

void
qtest_irq(struct wbuf *w, unsigned irq, int level)
{
	char s[32];

	snprintf(s, sizeof(s), "IRQ %s %u\n", level ? "raise" : "lower", irq);
	text(w, s);
}
