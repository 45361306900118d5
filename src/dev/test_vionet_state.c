/*
 * A saved state of a network card, put together by hand: what the card can
 * have said of itself is taken, with its edges, anything else refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dhcp.h"
#include "test_net.h"
#include "test_state.h"

#define PAIRS	2

struct table {
	unsigned	all, n;
};

/* What the card itself saves behind the transport's state. */
struct part {
	unsigned	link, announce, pairs;
	uint8_t		mac[6];
	unsigned	mode;
	struct table	uni, multi;
	unsigned	rx_on[PAIRS];
	unsigned	answer[PAIRS];	/* length */
	unsigned	cut;		/* bytes that are missing at the end */
	int		fresh;		/* nothing was counted yet */
};

static struct nt *t;

static void
start(int locked, int local)
{
	struct wbuf w;

	nt_list(t, &w);
	devconf_put_int(&w, DEVCONF_NQUEUES, PAIRS);
	devconf_put_int(&w, DEVCONF_LOCKED, (unsigned)locked);
	if (local) {
		devconf_put_int(&w, DEVCONF_GUESTADDR, 0x64400103);
		devconf_put_int(&w, DEVCONF_HOSTADDR, 0x64400102);
	}
	nt_start(t, &w);
}

static struct part
sound(void)
{
	struct part p = { .link = 1, .pairs = PAIRS };

	memcpy(p.mac, nt_mac, 6);
	return p;
}

static void
put_table(struct wbuf *w, const struct table *tab)
{
	unsigned i;

	wb_u8(w, (uint8_t)tab->all);
	wb_u8(w, (uint8_t)tab->n);
	for (i = 0; i < 6 * tab->n; i++)
		wb_u8(w, i % 6 == 0 ? 2 : (uint8_t)(i / 6));
}

static void
put_pair(struct wbuf *w, const struct part *p, unsigned i)
{
	unsigned k;

	wb_u8(w, (uint8_t)p->rx_on[i]);
	wb_u16(w, (uint16_t)p->answer[i]);
	for (k = 0; k < p->answer[i]; k++)
		wb_u8(w, (uint8_t)(k % 251 + 1));
	for (k = 0; k < DHCP_NRESULTS; k++)
		wb_u64(w, p->fresh ? 0 : k);
}

static void
put_part(struct wbuf *w, const struct part *p)
{
	static const uint8_t vlans[4096 / 8], none[6];
	unsigned i;

	wb_u8(w, (uint8_t)p->link);
	wb_u8(w, (uint8_t)p->announce);
	wb_u16(w, (uint16_t)p->pairs);
	wb_bytes(w, p->mac, 6);
	wb_bytes(w, p->fresh ? none : nt_peer, 6);
	wb_u8(w, (uint8_t)p->mode);
	put_table(w, &p->uni);
	put_table(w, &p->multi);
	wb_bytes(w, vlans, sizeof(vlans));
	for (i = 0; i < PAIRS; i++)
		put_pair(w, p, i);
	for (i = 0; i < (2 * PAIRS + 1) * VIONET_NFATES; i++)
		wb_u64(w, p->fresh ? 0 : i);
}

static int
setup(void **state)
{
	struct part p = { .link = 1, .pairs = 1, .fresh = 1 };
	uint8_t b[4096];
	struct wbuf w;

	(void)state;
	t = nt_new();
	start(0, 0);
	memcpy(p.mac, nt_mac, 6);
	wb_init(&w, b, sizeof(b));
	put_part(&w, &p);
	st_begin(t->s, &w);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	nt_free(t);
	return 0;
}

static int
taken(const struct part *p)
{
	uint8_t b[4096];
	struct wbuf w;

	wb_init(&w, b, sizeof(b));
	put_part(&w, p);
	w.len -= p->cut;
	return st_taken(t->s, &w);
}

static void
test_flags(void **state)
{
	struct part p = sound();

	(void)state;
	assert_true(taken(&p));
	p.cut = 1;
	assert_false(taken(&p));
	p = sound();
	p.link = 0;
	p.announce = 1;
	assert_true(taken(&p));
	p.link = 2;
	assert_false(taken(&p));
	p.link = 1;
	p.announce = 2;
	assert_false(taken(&p));
	p.announce = 0;
	p.mode = 2U << VIONET_RX_NOBCAST;
	assert_false(taken(&p));
	p.mode--;
	assert_true(taken(&p));
}

static void
test_pairs(void **state)
{
	struct part p = sound();

	(void)state;
	p.pairs = 0;
	assert_false(taken(&p));
	p.pairs = PAIRS + 1;
	assert_false(taken(&p));
	p.pairs = 1;
	assert_true(taken(&p));
	p.rx_on[0] = 1;
	assert_true(taken(&p));
	assert_int_equal(t->s->rx_on, 1);
	p.rx_on[0] = 2;
	assert_false(taken(&p));
	p.rx_on[0] = 0;
	p.rx_on[1] = 1;
	assert_false(taken(&p));
	p.pairs = 2;
	assert_true(taken(&p));
	assert_int_equal(t->s->rx_on, 4);
}

static void
test_tables(void **state)
{
	struct part p = sound();
	struct table *tab[2] = { &p.uni, &p.multi };
	unsigned i;

	(void)state;
	for (i = 0; i < 2; i++) {
		tab[i]->n = VIONET_MACS;
		assert_true(taken(&p));
		tab[i]->n = VIONET_MACS + 1;
		assert_false(taken(&p));
		tab[i]->n = 0;
		tab[i]->all = 1;
		assert_true(taken(&p));
		tab[i]->n = 1;
		assert_false(taken(&p));
		tab[i]->n = 0;
		tab[i]->all = 2;
		assert_false(taken(&p));
		tab[i]->all = 0;
	}
}

static void
test_address(void **state)
{
	struct part p = sound();

	(void)state;
	memcpy(p.mac, nt_peer, 6);
	assert_true(taken(&p));
	memcpy(p.mac, nt_group, 6);
	assert_false(taken(&p));
	start(1, 0);
	p = sound();
	assert_true(taken(&p));
	memcpy(p.mac, nt_peer, 6);
	assert_false(taken(&p));
}

/* Only a local interface has answers, and none is too long for its place. */
static void
test_answer(void **state)
{
	struct part p = sound();

	(void)state;
	p.answer[0] = 1;
	assert_false(taken(&p));
	start(0, 1);
	assert_true(taken(&p));
	p.answer[0] = 0;
	p.answer[1] = DHCP_REPLY_MAX;
	assert_true(taken(&p));
	p.answer[1]++;
	assert_false(taken(&p));
}

/* Cut short anywhere, within a table or an answer as well. */
static void
test_cut(void **state)
{
	struct part p = sound();

	(void)state;
	start(0, 1);
	p.uni.n = p.multi.n = VIONET_MACS;
	p.answer[0] = p.answer[1] = DHCP_REPLY_MAX;
	assert_true(taken(&p));
	for (p.cut = 1; p.cut < 2500; p.cut += p.cut < 50 ? 1 : 41)
		assert_false(taken(&p));
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_flags),
		T(test_pairs),
		T(test_tables),
		T(test_address),
		T(test_answer),
		T(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
