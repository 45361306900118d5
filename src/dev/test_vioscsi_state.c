/* A saved state of a SCSI adapter by hand: taken with its edges, or refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "test_scsi.h"
#include "test_state.h"

#define t	t_now

struct unit {
	uint64_t	sectors;
	unsigned	attention, tray, locked, media, wce, d_sense, notes;
};

/* What the adapter itself saves behind the transport's state. */
struct part {
	uint32_t	sense_size, cdb_size;
	unsigned	missed, up, left;
	uint32_t	function;
	unsigned	nunits;
	struct unit	unit[2];
	unsigned	nevents;
};

static void
put_unit(struct wbuf *w, const struct unit *u)
{
	wb_u64(w, u->sectors);
	wb_u8(w, (uint8_t)u->attention);
	wb_u8(w, (uint8_t)u->tray);
	wb_u8(w, (uint8_t)u->locked);
	wb_u8(w, (uint8_t)u->media);
	wb_u8(w, (uint8_t)u->wce);
	wb_u8(w, (uint8_t)u->d_sense);
	wb_u8(w, (uint8_t)u->notes);
}

static void
put_part(struct wbuf *w, const struct part *p)
{
	uint8_t req[VIOSCSI_TMF_SIZE] = { 0 };
	unsigned i;

	le32_put(req + 4, p->function);
	wb_u32(w, p->sense_size);
	wb_u32(w, p->cdb_size);
	wb_u8(w, (uint8_t)p->missed);
	wb_u8(w, (uint8_t)p->up);
	wb_u16(w, (uint16_t)p->left);
	wb_bytes(w, req, sizeof(req));
	wb_u8(w, (uint8_t)p->nunits);
	for (i = 0; i < p->nunits; i++)
		put_unit(w, &p->unit[i % 2]);
	wb_u8(w, (uint8_t)p->nevents);
	for (i = 0; i < p->nevents; i++) {
		wb_u32(w, i + 1);
		wb_u32(w, i + 2);
		wb_u8(w, (uint8_t)(i + 3));
		wb_u16(w, (uint16_t)(i + 4));
	}
}

static struct part
sound(void)
{
	struct part p = { .sense_size = 96, .cdb_size = 32, .nunits = 2 };

	p.unit[CD].sectors = CD_SECTORS;
	p.unit[DISK].sectors = DISK_SECTORS;
	return p;
}

static int
taken(const struct part *p)
{
	uint8_t b[1024];
	struct wbuf w;

	wb_init(&w, b, sizeof(b));
	put_part(&w, p);
	return st_taken(t->s, &w);
}

static int
setup(void **state)
{
	struct part p = sound();
	unsigned i;
	uint8_t b[1024];
	struct wbuf w;

	(void)state;
	(void)t_new();
	t_start(t, NULL);
	for (i = 0; i < 2; i++) {
		p.unit[i].attention = SCSI_UA(SENSE_UA_POWER_ON);
		p.unit[i].wce = 1;
	}
	wb_init(&w, b, sizeof(b));
	put_part(&w, &p);
	st_begin(t->s, &w);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	sim_free(t->s);
	free(t);
	return 0;
}

static void
test_sizes(void **state)
{
	struct part p = sound();

	(void)state;
	assert_true(taken(&p));
	p.sense_size = VIOSCSI_MAXSENSE;
	p.cdb_size = VIOSCSI_MAXCDB;
	assert_true(taken(&p));
	p.sense_size++;
	assert_false(taken(&p));
	p.sense_size = 0;
	p.cdb_size++;
	assert_false(taken(&p));
	p.cdb_size = 0;
	assert_false(taken(&p));
	p.cdb_size = 1;
	assert_true(taken(&p));
}

static void
test_events(void **state)
{
	struct part p = sound();

	(void)state;
	p.nevents = VIOSCSI_EVENTS;
	p.missed = 1;
	assert_true(taken(&p));
	p.missed = 2;
	assert_false(taken(&p));
	p.missed = 0;
	p.nevents++;
	assert_false(taken(&p));
}

/* As many units as were attached, each with the medium that it has now. */
static void
test_media(void **state)
{
	struct part p = sound();

	(void)state;
	p.nunits = 1;
	assert_false(taken(&p));
	p.nunits = 3;
	assert_false(taken(&p));
	p.nunits = 2;
	p.unit[DISK].sectors++;
	assert_false(taken(&p));
}

/* Numbers of a unit with the first one that is too large. */
static void
test_units(void **state)
{
	struct part p = sound();
	struct unit *u;
	unsigned i;

	(void)state;
	for (i = 0; i < 2; i++) {
		u = &p.unit[i];
		u->attention = SCSI_UA_ALL;
		u->wce = u->d_sense = 1;
		assert_true(taken(&p));
		u->attention++;
		assert_false(taken(&p));
		u->attention = 0;
		u->wce = 2;
		assert_false(taken(&p));
		u->wce = 0;
		u->d_sense = 2;
		assert_false(taken(&p));
		u->d_sense = 0;
	}
	u = &p.unit[CD];
	u->media = MEDIA_NEVENTS;
	assert_false(taken(&p));
	u->media = 0;
	u->tray = 2;
	assert_false(taken(&p));
	u->tray = 0;
	u->locked = 2;
	assert_false(taken(&p));
	u->locked = 0;
	u->notes = 1;
	assert_false(taken(&p));
}

/* A CD has a tray, a disk has nothing of the kind. */
static void
test_tray(void **state)
{
	struct part p = sound();
	struct unit *u = &p.unit[CD], *d = &p.unit[DISK];

	(void)state;
	u->tray = u->locked = 1;
	u->media = MEDIA_NEVENTS - 1;
	u->notes = VIOSCSI_AN_MEDIA;
	assert_true(taken(&p));
	d->tray = 1;
	assert_false(taken(&p));
	d->tray = 0;
	d->locked = 1;
	assert_false(taken(&p));
	d->locked = 0;
	d->media = 1;
	assert_false(taken(&p));
	d->media = 0;
	d->notes = VIOSCSI_AN_MEDIA;
	assert_false(taken(&p));
}

/* A fence is about request queues that there are, and has a function. */
static void
test_fence(void **state)
{
	struct part p = sound();

	(void)state;
	p.left = 1U << VIOSCSI_Q_REQUEST;
	p.up = 1;
	p.function = VIOSCSI_NTMF - 1;
	assert_true(taken(&p));
	p.function = VIOSCSI_NTMF;
	assert_false(taken(&p));
	p.function = 0;
	p.up = 0;
	assert_false(taken(&p));
	p.left = 0;
	assert_true(taken(&p));
	p.up = 2;
	assert_false(taken(&p));
	p.up = 1;
	p.left = 1U << (VIOSCSI_Q_REQUEST - 1);
	assert_false(taken(&p));
	p.left = 1U << sim_virtio(t->s)->nqueues;
	assert_false(taken(&p));
	p.left >>= 1;
	assert_true(taken(&p));
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_sizes),
		T(test_events),
		T(test_media),
		T(test_units),
		T(test_tray),
		T(test_fence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
