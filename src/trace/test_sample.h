/* A trace with every type of record in it, for the tests of this folder. */
#ifndef TEST_SAMPLE_H
#define TEST_SAMPLE_H

#include "devconf.h"
#include "trace.h"

#define SAMPLE_RECORDS	36

static inline void
sample_conf(struct wbuf *w)
{
	uint8_t list[128];
	struct wbuf l;

	wb_init(&l, list, sizeof(list));
	devconf_put_bytes(&l, DEVCONF_VERSION, "0.1 \"x\"\\\n", 9);
	devconf_put_int(&l, DEVCONF_CAPACITY, 2048);
	devconf_put_int(&l, DEVCONF_READONLY, 1);
	devconf_put_bytes(&l, DEVCONF_SERIAL, "disk0", 5);
	devconf_put_int(&l, DEVCONF_FEATURES, UINT64_MAX);
	devconf_put_bytes(&l, DEVCONF_MAC, "\x02\0\0\0\0\1", 6);
	trace_put_conf(w, "vioblk", list, l.len);
	trace_put_conf(w, "", NULL, 0);
}

static inline void
sample_msgs(struct wbuf *w)
{
	struct viodev_msg m = {
		.type = VIODEV_WRITE, .width = 4, .space = VIODEV_COMMON,
		.where = 0x0c, .data = 0x30000000
	};

	trace_put_msg(w, &m);
	m.type = VIODEV_READ;
	m.width = 1;
	m.where = 0x14;
	trace_put_msg(w, &m);
	memset(&m, 0, sizeof(m));
	m.type = VIODEV_KICK;
	m.where = 3;
	trace_put_msg(w, &m);
	m.type = VIODEV_INPUT;
	m.data = 99;
	m.payload = (const uint8_t *)"a packet of more than thirty-two bytes";
	m.len = 38;
	trace_put_msg(w, &m);
	memset(&m, 0, sizeof(m));
	m.type = VIODEV_RESET;
	trace_put_msg(w, &m);
	m.type = VIODEV_INTACK;
	trace_put_msg(w, &m);
	m.type = VIODEV_LINE;
	m.where = 9;
	m.data = 1;
	trace_put_msg(w, &m);
	m.type = VIODEV_COMMAND;
	m.where = VIODEV_CMD_REBOOT;
	trace_put_msg(w, &m);
}

static inline void
sample_events(struct wbuf *w)
{
	static const uint8_t data[300] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };

	trace_put_load(w, 0x1000, data, 16, 64);
	trace_put_load(w, UINT64_MAX, data, sizeof(data), 64);
	trace_put_load(w, 0, data, sizeof(data), sizeof(data));
	trace_put_answer(w, TRACE_CALL_BLK, -1, data, 0, 0);
	trace_put_answer(w, TRACE_CALL_CLOCK, 0, data, 8, 8);
	trace_put_answer(w, TRACE_CALL_ENTROPY, 0, data, 33, 0);
	trace_put_expect(w, TRACE_IRQ, 0, 1, NULL, 0, 0);
	trace_put_expect(w, TRACE_REPLY, 4, 0xffffffff, NULL, 0, 0);
	trace_put_expect(w, TRACE_BLK, 1 | 1 << 8, 512, data, 300, 10);
	trace_put_expect(w, TRACE_BLK, 0, 4096, data, 8, 8);
	trace_put_expect(w, TRACE_BLK, 0xffffffff, 4096, data, 3, 8);
	trace_put_expect(w, TRACE_TX, 1, 7, data, 42, 42);
	trace_put_expect(w, TRACE_TIMER, 2, 1000, NULL, 0, 0);
	trace_put_expect(w, TRACE_STORE, 0, 0x2000, data, 4, 64);
	trace_put_expect(w, TRACE_STORE, 1, 0x2000, data, 8, 64);
	trace_put_mark(w, 0x123456789abcdef0ULL);
	trace_put_time(w, 1000000);
}

static inline void
sample_inputs(struct wbuf *w)
{
	static const uint8_t segs[] = {
		0, 0, 16, 0,  1, 0, 0, 2,  0x41, 9, 1, 0,  0x7e, 255, 255, 255
	};
	struct trace_setup s = { 5, 4, 2, 0x80, 0x130000000ULL };
	struct trace_chain c = {
		1, TRACE_CHAIN_KICK | TRACE_CHAIN_INDIRECT, 5,
		(const uint8_t *)"\0\1\2\3\4", segs, 4
	};

	trace_put_poke(w, 0x3000, "guest", 5);
	trace_put_setup(w, &s);
	trace_put_chain(w, &c);
	c.flags = 0xff;
	c.ndata = 0;
	c.nsegs = 0;
	trace_put_chain(w, &c);
	trace_put_fault(w, TRACE_CALL_TX, 1, 2, 3);
	trace_put_race(w, 1, 200);
	trace_put_reload(w);
	trace_put_state(w, "\1\2\3", 3);
}

/* Bytes of it; cap of 4096 is enough. */
static inline size_t
sample_trace(uint8_t *out, size_t cap)
{
	static const uint64_t map[][2] = {
		{ 0, 0x10000 }, { 0x10000, 1 }, { UINT64_MAX, 1 }
	};
	struct wbuf w;

	wb_init(&w, out, cap);
	trace_put_header(&w);
	sample_conf(&w);
	trace_put_map(&w, map, 3);
	sample_msgs(&w);
	sample_events(&w);
	sample_inputs(&w);
	return wb_bad(&w) ? 0 : w.len;
}

#endif
