/*
 * Lines of the text protocol.  A line is refused with a reason, or it is a
 * command within its bounds that, written again in one plain way, is the
 * same command.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "qtest.h"
#include "target.h"

static const char *const opnames[] = { "none", "in", "out", "load", "store",
    "read", "write", "b64read", "b64write", "memset", "step", "next", "set",
    "watch", "endian", "refused", NULL };

static struct fuzz_stat st = { .opnames = opnames };

#define OP_REFUSED	QTEST_NOPS

static uint8_t *answer;

static void
must(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "oracle qtest: %s\n", what);
	abort();
}

static void
init(void)
{
	answer = malloc(QTEST_MAXLINE);
	must(answer != NULL, "no memory");
}

/* Base64 and hexadecimal of the same bytes are the same bytes. */
static void
check_data(const struct qtest_cmd *c, struct digest *d)
{
	uint8_t *bytes = malloc(c->size), *again = malloc(c->size);
	struct qtest_cmd other;
	char head[64];
	const char *why;
	struct wbuf w;
	size_t n;

	/* Exactly as large as they are said to be. */
	must(bytes != NULL && again != NULL, "no memory");
	qtest_bytes(c, bytes);
	digest_add(d, bytes, c->size);
	n = (size_t)snprintf(head, sizeof(head), "b64write 0 %zu ", c->size);
	wb_init(&w, answer, QTEST_MAXLINE);
	wb_bytes(&w, head, n);
	qtest_ok_b64(&w, bytes, c->size);
	must(!wb_bad(&w), "an answer does not fit a line");
	/* "OK " in front of the data goes, so does the end. */
	memmove(answer + n, answer + n + 3, w.len - n - 3);
	must(qtest_parse((char *)answer, w.len - 4, &other, &why) == 0,
	    "what we answer is not what we take");
	must(other.size == c->size, "another size");
	qtest_bytes(&other, again);
	must(memcmp(bytes, again, c->size) == 0, "other bytes");
	free(bytes);
	free(again);
}

static void
check_bounds(const struct qtest_cmd *c)
{
	must(c->op < QTEST_NOPS, "an unknown command");
	must(c->size <= QTEST_MAXSIZE, "a size beyond the limit");
	if (c->op == QTEST_IN || c->op == QTEST_OUT)
		must(c->addr <= 0xffff && (c->width == 1 || c->width == 2 ||
		    c->width == 4), "a port that is none");
	if (c->op == QTEST_LOAD || c->op == QTEST_STORE)
		must(c->width == 1 || c->width == 2 || c->width == 4 ||
		    c->width == 8, "a width that is none");
	if (c->width > 0 && c->width < 8)
		must(c->value >> c->width * 8 == 0, "a value too wide");
	if (c->op == QTEST_MEMSET)
		must(c->value <= 0xff && c->size > 0, "no byte");
}

/* The same command, written plainly. */
static void
check_again(const struct qtest_cmd *c)
{
	static const char *const name[] = { "", "b", "w", "", "l", "", "", "",
	    "q" };
	struct qtest_cmd other;
	const char *why;
	char s[96];
	int n = 0;

	if (c->op == QTEST_IN)
		n = snprintf(s, sizeof(s), "in%s %" PRIu64, name[c->width],
		    c->addr);
	if (c->op == QTEST_OUT)
		n = snprintf(s, sizeof(s), "out%s 0x%" PRIx64 " 0%" PRIo64,
		    name[c->width], c->addr, c->value);
	if (c->op == QTEST_LOAD)
		n = snprintf(s, sizeof(s), "read%s 0x%" PRIx64,
		    name[c->width], c->addr);
	if (c->op == QTEST_STORE)
		n = snprintf(s, sizeof(s), "write%s %" PRIu64 "  0X%" PRIX64,
		    name[c->width], c->addr, c->value);
	if (n == 0)
		return;
	must(qtest_parse(s, (size_t)n, &other, &why) == 0,
	    "it is refused when written plainly");
	must(other.op == c->op && other.width == c->width &&
	    other.addr == c->addr && other.value == c->value,
	    "it means something else when written plainly");
}

static void
one(const char *p, size_t len, struct digest *d)
{
	struct qtest_cmd c;
	const char *why = NULL;

	if (qtest_parse(p, len, &c, &why) == -1) {
		must(why != NULL && strchr(why, '\n') == NULL, "no reason");
		digest_add(d, why, strlen(why));
		st.ops |= 1U << OP_REFUSED;
		return;
	}
	st.ops |= 1U << c.op;
	digest_u64(d, (uint64_t)c.op * 16 + c.width);
	digest_u64(d, c.addr ^ c.value ^ c.size);
	if (c.op == QTEST_NONE)
		return;
	st.requests++;
	check_bounds(&c);
	check_again(&c);
	if (c.op == QTEST_WRITE || c.op == QTEST_B64WRITE)
		check_data(&c, d);
}

static uint64_t
run(const uint8_t *data, size_t len)
{
	uint64_t before = st.requests;
	const uint8_t *nl;
	struct digest d;
	char *line;
	size_t n;

	digest_init(&d);
	st.inputs++;
	while (len > 0) {
		nl = memchr(data, '\n', len);
		n = nl == NULL ? len : (size_t)(nl - data);
		/* A copy of exactly its size: a byte further is found. */
		line = malloc(n + (n == 0));
		must(line != NULL, "no memory");
		memcpy(line, data, n);
		one(line, n, &d);
		free(line);
		data += n;
		len -= n;
		if (nl != NULL) {
			data++;
			len--;
		}
	}
	st.accepted += st.requests > before;
	return digest_value(&d);
}

static void
stat(struct fuzz_stat *out)
{
	*out = st;
}

const struct fuzz_target fuzz_target = {
	.name = "qtest",
	.shape = SHAPE_COMMANDS,
	.maxlen = 2048,
	.init = init,
	.run = run,
	.stat = stat,
};
