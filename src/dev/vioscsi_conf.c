/* What the host says of units: attach values, and what changes later. */
#include "vioscsi_priv.h"

#define MAX_CAPACITY	(1ULL << 54)
#define MAX_LUN		16383U

_Static_assert((int)DEVCONF_DISK == (int)SCSI_DISK &&
    (int)DEVCONF_CD == (int)SCSI_CDROM, "one number for a kind of unit");

/* The i-th unit's values; a list without UNIT is about unit 0 alone. */
static int
section(struct devconf *rest, unsigned i, struct devconf *u)
{
	if (devconf_next_unit(rest, u) == 0)
		return 0;
	*u = *rest;
	return i == 0 ? 0 : -1;
}

static const char *
bad_unit(const struct scsi_unit *u, const struct devconf *c, uint64_t address)
{
	if (u->kind >= DEVCONF_NKINDS)
		return "kind of a unit is neither 0 (disk) nor 1 (CD)";
	if (address >> 24 != 0 || (address & 0xffff) > MAX_LUN)
		return "unit is no target up to 255 with a LUN up to 16383";
	if (u->sectors >= MAX_CAPACITY)
		return "capacity too large";
	if (u->kind == SCSI_CDROM && (u->blksize != SCSI_CD_BLOCK ||
	    devconf_has(c, DEVCONF_PHYSEXP)))
		return "blocks of a CD have 2048 bytes";
	if (u->blksize < 512 || u->blksize > 4096 ||
	    (u->blksize & (u->blksize - 1)) != 0)
		return "block size is not 512, 1024, 2048 or 4096";
	if (u->physexp > 8)
		return "physical block exponent above 8";
	return NULL;
}

static void
set_value(struct scsi_unit *u, uint64_t *address, unsigned tag,
    const uint8_t *p, size_t len)
{
	switch (tag) {
	case DEVCONF_UNIT:
		*address = devconf_value(p, len);
		break;
	case DEVCONF_KIND:
		u->kind = (uint8_t)devconf_value(p, len);
		break;
	case DEVCONF_CAPACITY:
		u->sectors = devconf_value(p, len);
		break;
	case DEVCONF_BLKSIZE:
		u->blksize = (uint32_t)devconf_value(p, len);
		break;
	case DEVCONF_PHYSEXP:
		u->physexp = (uint8_t)devconf_value(p, len);
		break;
	case DEVCONF_READONLY:
		u->readonly = devconf_value(p, len) != 0;
		break;
	case DEVCONF_SERIAL:
		u->seriallen = (uint8_t)(len < SCSI_SERIAL ? len :
		    SCSI_SERIAL);
		memcpy(u->serial, p, u->seriallen);
		break;
	}
}

/* The list was checked: lengths are right and no value is given twice. */
static const char *
add_unit(struct scsi_bus *b, const struct devconf *c)
{
	struct scsi_unit *u = &b->unit[b->n];
	uint64_t address = 0;
	const uint8_t *p;
	struct rbuf r;
	const char *why;
	unsigned tag;
	size_t len;

	if (b->n == SCSI_UNITS)
		return "more than 8 units";
	memset(u, 0, sizeof(*u));
	u->kind = DEVCONF_DISK;
	rb_init(&r, c->p, c->len);
	while (devconf_next(&r, &tag, &p, &len))
		set_value(u, &address, tag, p, len);
	u->target = (uint8_t)(address >> 16);
	u->lun = (uint16_t)address;
	u->number = (uint8_t)b->n;
	if (u->kind == SCSI_CDROM)
		u->readonly = 1;
	if (!devconf_has(c, DEVCONF_BLKSIZE))
		u->blksize = u->kind == SCSI_CDROM ? SCSI_CD_BLOCK : 512;
	if ((why = bad_unit(u, c, address)) != NULL)
		return why;
	if (scsi_find(b, u->target, u->lun) != NULL)
		return "two units at one address";
	b->n++;
	return NULL;
}

static const char *
bad_queues(uint64_t nq, uint64_t qsize)
{
	if (nq == 0 || nq > VIOSCSI_MAXQ)
		return "number of queues is not 1 to 8";
	if (qsize < 2 || qsize > 1024 || (qsize & (qsize - 1)) != 0)
		return "queue size is no power of two from 2 to 1024";
	return NULL;
}

int
vioscsi_attach(struct virtio_dev *v, const struct devconf *conf)
{
	struct vioscsi *s = (struct vioscsi *)v;
	uint64_t nq = devconf_int(conf, DEVCONF_NQUEUES, 1);
	uint64_t qsize = devconf_int(conf, DEVCONF_QSIZE, VIOSCSI_QSIZE);
	const char *why = bad_queues(nq, qsize);
	struct devconf rest = *conf, c;
	unsigned i, q;

	s->bus.host = &v->dev.host;
	for (i = 0; why == NULL && section(&rest, i, &c) == 0; i++)
		why = add_unit(&s->bus, &c);
	if (why != NULL) {
		dev_log(&v->dev, HLOG_WARN, "vioscsi: %s", why);
		return -1;
	}
	v->offered |= VIOSCSI_F_CHANGE;
	v->nqueues = (uint16_t)(VIOSCSI_Q_REQUEST + nq);
	for (q = 0; q < v->nqueues; q++)
		v->vq[q].max = (uint16_t)qsize;
	return 0;
}

static void
change_unit(struct vioscsi *s, struct scsi_unit *u, const struct devconf *c)
{
	uint64_t sectors = devconf_int(c, DEVCONF_CAPACITY, MAX_CAPACITY);
	uint64_t before = u->sectors;

	if (sectors >= MAX_CAPACITY)
		return;
	scsi_set_medium(u, sectors);
	if (u->kind == SCSI_CDROM) {
		if (before != 0 || sectors != 0)
			vioscsi_media_changed(s, u);
	} else if (before != sectors) {
		vioscsi_resized(s, u);
	}
}

void
vioscsi_reconf(struct virtio_dev *v, const struct devconf *conf)
{
	struct vioscsi *s = (struct vioscsi *)v;
	struct devconf rest = *conf, c;
	struct scsi_unit *u;
	uint64_t address;
	unsigned i;

	for (i = 0; i < SCSI_UNITS && section(&rest, i, &c) == 0; i++) {
		address = devconf_int(&c, DEVCONF_UNIT, 0);
		u = scsi_find(&s->bus, (unsigned)(address >> 16),
		    address & 0xffff);
		if (u != NULL)
			change_unit(s, u, &c);
	}
}
