/* Save, load and invariants of the network card. */
#include "vionet_priv.h"

static void
save_table(const struct vionet_table *t, struct wbuf *w)
{
	wb_u8(w, t->all);
	wb_u8(w, t->n);
	wb_bytes(w, t->mac, (size_t)t->n * VIONET_MAC);
}

static void
load_table(struct vionet_table *t, struct rbuf *r)
{
	const uint8_t *p;

	memset(t, 0, sizeof(*t));
	t->all = rb_u8(r);
	t->n = rb_u8(r);
	p = rb_take(r, (size_t)t->n * VIONET_MAC);
	if (t->n <= VIONET_MACS && p != NULL)
		memcpy(t->mac, p, (size_t)t->n * VIONET_MAC);
}

static void
save_pair(const struct vionet *n, unsigned i, struct wbuf *w)
{
	const struct vionet_answer *a = &n->answer[i];
	uint16_t len = a->len;
	unsigned j;

	wb_u8(w, n->rx_on[i]);
	wb_u16(w, len);
	wb_bytes(w, a->frame, len);
	for (j = 0; j < DHCP_NRESULTS; j++)
		wb_u64(w, n->seen[i].n[j]);
}

static void
load_pair(struct vionet *n, unsigned i, struct rbuf *r)
{
	struct vionet_answer *a = &n->answer[i];
	const uint8_t *p;
	unsigned j;

	n->rx_on[i] = rb_u8(r);
	a->len = rb_u16(r);
	p = rb_take(r, a->len);
	if (a->len <= sizeof(a->frame) && p != NULL)
		memcpy(a->frame, p, a->len);
	for (j = 0; j < DHCP_NRESULTS; j++)
		n->seen[i].n[j] = rb_u64(r);
}

void
vionet_save(const struct virtio_dev *v, struct wbuf *w)
{
	const struct vionet *n = (const struct vionet *)v;
	unsigned i, j;

	wb_u8(w, n->link);
	wb_u8(w, n->announce);
	wb_u16(w, n->pairs);
	wb_bytes(w, n->mac, VIONET_MAC);
	wb_bytes(w, n->dhcp.host_mac, VIONET_MAC);
	wb_u8(w, n->filter.mode);
	save_table(&n->filter.uni, w);
	save_table(&n->filter.multi, w);
	wb_bytes(w, n->filter.vlan, sizeof(n->filter.vlan));
	for (i = 0; i < n->maxpairs; i++)
		save_pair(n, i, w);
	for (i = 0; i < v->nqueues; i++)
		for (j = 0; j < VIONET_NFATES; j++)
			wb_u64(w, n->count[i][j]);
}

static void
load_bytes(struct rbuf *r, void *p, size_t len)
{
	const uint8_t *from = rb_take(r, len);

	if (from != NULL)
		memcpy(p, from, len);
}

static void
load_all(struct vionet *n, struct rbuf *r)
{
	unsigned i, j;

	n->link = rb_u8(r);
	n->announce = rb_u8(r);
	n->pairs = rb_u16(r);
	load_bytes(r, n->mac, VIONET_MAC);
	load_bytes(r, n->dhcp.host_mac, VIONET_MAC);
	n->filter.mode = rb_u8(r);
	load_table(&n->filter.uni, r);
	load_table(&n->filter.multi, r);
	load_bytes(r, n->filter.vlan, sizeof(n->filter.vlan));
	for (i = 0; i < n->maxpairs; i++)
		load_pair(n, i, r);
	for (i = 0; i < n->v.nqueues; i++)
		for (j = 0; j < VIONET_NFATES; j++)
			n->count[i][j] = rb_u64(r);
}

static const char *
check_table(const struct vionet_table *t)
{
	return t->all > 1 || t->n > VIONET_MACS || (t->all && t->n > 0) ?
	    "address table out of range" : NULL;
}

static const char *
check_pair(const struct vionet *n, unsigned i)
{
	if (n->rx_on[i] > 1 || (n->rx_on[i] && i >= n->pairs))
		return "frames are wanted for a pair that is not in use";
	if (n->answer[i].len > sizeof(n->answer[i].frame) ||
	    (n->answer[i].len > 0 && !n->local))
		return "an answer that nobody can have made";
	return NULL;
}

const char *
vionet_check(const struct virtio_dev *v)
{
	const struct vionet *n = (const struct vionet *)v;
	const char *why;
	unsigned i;

	if (n->link > 1 || n->announce > 1 || n->filter.mode >= 1U <<
	    (VIONET_RX_NOBCAST + 1))
		return "flag out of range";
	if (n->pairs == 0 || n->pairs > n->maxpairs)
		return "number of pairs out of range";
	if (vionet_group(n->mac) ||
	    (n->locked && memcmp(n->mac, n->fixed, VIONET_MAC) != 0))
		return "MAC that nobody can have set";
	if ((why = check_table(&n->filter.uni)) != NULL ||
	    (why = check_table(&n->filter.multi)) != NULL)
		return why;
	for (i = 0; i < n->maxpairs; i++)
		if ((why = check_pair(n, i)) != NULL)
			return why;
	return NULL;
}

/*
 * Into a copy first.  The host of a fresh device knows nothing yet: it is
 * told which frames are wanted.
 */
int
vionet_load(struct virtio_dev *v, struct rbuf *r)
{
	struct vionet *n = (struct vionet *)v, tmp = *n;
	uint8_t on[VIONET_MAXPAIRS];
	unsigned i;

	load_all(&tmp, r);
	if (!rb_done(r) || vionet_check(&tmp.v) != NULL)
		return -1;
	memcpy(tmp.dhcp.guest_mac, tmp.mac, VIONET_MAC);
	memcpy(on, tmp.rx_on, sizeof(on));
	memcpy(tmp.rx_on, n->rx_on, sizeof(on));
	*n = tmp;
	for (i = 0; i < n->maxpairs; i++)
		vionet_rx_set(n, i, on[i]);
	return 0;
}
