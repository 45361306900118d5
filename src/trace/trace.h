/*
 * The schema: records that are a recording, a fuzzing input, a regression
 * case and a bug report at once.
 *
 * A trace is a file header (TRACE_HEADER bytes: "VMDTRACE", version le16,
 * flags le16 0, reserved le32 0) and records.  A record is one le32 word,
 * type in bits 0..7 and the length of the body in bits 8..31, and the body.
 * Integers are little-endian.  A trace cut at any byte is readable up to its
 * last whole record.  So is one with a zero word where a record would begin:
 * a recorder sets room aside that reads as zeros, and stores the word of a
 * record after its body, so one that is killed leaves either zeros or a body
 * that nothing announces.
 *
 *	CONF	u8 n, n bytes kind of device ("vioblk"), devconf list
 *	MAP	{gpa u64, len u64} for each range of guest memory
 *	MSG	a viodev_msg as in msg.h
 *	LOAD	gpa u64, blob: the device saw these bytes in guest memory
 *	POKE	gpa u64, bytes: the guest writes its memory
 *	ANSWER	call u8, result le32 (signed), blob: what a host call returned
 *	EXPECT	kind u8, arg u32, val u64, blob: what the device did
 *	MARK	digest u64 of the saved state
 *	TIME	ns u64: the clocks advance by that much
 * and, for inputs that a simulated guest expands:
 *	SETUP	the driver brings the device up (struct trace_setup)
 *	CHAIN	the driver offers one chain of descriptors (trace_chain)
 *	FAULT	a later host call fails: call u8, skip u8, result u8, cut u8
 *	RACE	mode u8, seed u8: guest memory changes under the device
 *	RELOAD	save, attach anew, load, go on
 *	STATE	bytes: attach anew and load them as a saved state
 *
 * blob: total le32; with the top bit clear, total bytes follow; with it set,
 * (total without the bit) was longer than what is kept: digest u64 (sum.h) of
 * all of it, then the kept prefix.  A total of 2 GiB or more is written as one
 * byte less than that.
 *
 * The name in CONF is at most TRACE_MAXNAME lower case letters and digits; an
 * empty one leaves the kind to whoever runs an input.
 *
 * Inputs carry CONF, MAP, MSG, POKE, TIME and the second group; a recording
 * carries the first group.
 */
#ifndef TRACE_H
#define TRACE_H

#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "viodev.h"

#define TRACE_MAGIC	"VMDTRACE"
#define TRACE_HEADER	16
#define TRACE_VERSION	1
#define TRACE_MAXBODY	0xffffff
#define TRACE_CUT	0x80000000U
#define TRACE_MAXNAME	31		/* of a kind of device */

enum trace_type {
	TRACE_CONF = 1,
	TRACE_MAP,
	TRACE_MSG,
	TRACE_LOAD,
	TRACE_POKE,
	TRACE_ANSWER,
	TRACE_EXPECT,
	TRACE_MARK,
	TRACE_TIME,
	TRACE_SETUP,
	TRACE_CHAIN,
	TRACE_FAULT,
	TRACE_RACE,
	TRACE_RELOAD,
	TRACE_STATE,
	TRACE_NTYPES
};

/* Host calls that return something: ANSWER and FAULT name them. */
enum trace_call {
	TRACE_CALL_CLOCK,	/* blob: ns u64 */
	TRACE_CALL_BLK,		/* result; blob: bytes read */
	TRACE_CALL_TX,		/* result */
	TRACE_CALL_ENTROPY,	/* result; blob: bytes */
	TRACE_NCALLS
};

/* What a device does: EXPECT names it. */
enum trace_kind {
	TRACE_IRQ,		/* val: level */
	TRACE_REPLY,		/* arg: width; val: data of a register read */
	TRACE_BLK,		/* arg: op | flags << 8 | unit << 24, with
				   TRACE_LENT or without;
				   val: offset; blob: bytes to write, or a u64
				   length when nothing is written or the bytes
				   are those of the LOADs just before */
	TRACE_TX,		/* arg: queue; blob: the frame */
	TRACE_TIMER,		/* arg: id; val: delay */
	TRACE_UNTIMER,		/* arg: id */
	TRACE_RXREADY,		/* arg: queue; val: on */
	TRACE_REQUEST,		/* arg: what; val: its argument */
	TRACE_AGAIN,		/* arg: queue */
	TRACE_STORE,		/* val: gpa; arg 0: blob: bytes stored there;
				   arg 1: blob: a u64 length, and the bytes
				   are those of the ANSWER before it */
	TRACE_NKINDS
};

#define TRACE_LENT	0x10000U	/* in arg of TRACE_BLK */

struct trace_blob {
	uint64_t	 total;		/* bytes there were */
	const uint8_t	*p;		/* the kept ones */
	size_t		 kept;
	uint64_t	 digest;	/* of all; computed when none was cut */
};

/*
 * SETUP: u8 flags, u8 qlog (log2 of the queue size for all queues; 0 the
 * device's own), u8 layout (where the rings lie), u8 mask of queues not
 * enabled, features u64 (and-ed with what is offered; VERSION_1 is added
 * unless the flag says otherwise).
 */
struct trace_setup {
	uint8_t		 flags;		/* TRACE_SETUP_* */
	uint8_t		 qlog;
	uint8_t		 layout;
	uint8_t		 off;		/* bit q: queue q stays off */
	uint64_t	 features;
};
#define TRACE_SETUP_LEGACY	0x01	/* leave VERSION_1 out */
#define TRACE_SETUP_SPLIT	0x02	/* areas of a queue in both ranges */
#define TRACE_SETUP_NODRVOK	0x04	/* stop before DRIVER_OK */
#define TRACE_SETUP_ALL		0x07

/*
 * CHAIN: u8 queue, u8 flags, u8 n, n bytes that fill the readable segments
 * from their start (the rest is a pattern), then segments of four bytes each:
 * u8 flags, u8 arg, len le16.
 */
struct trace_chain {
	uint8_t		 queue;
	uint8_t		 flags;		/* TRACE_CHAIN_* */
	uint8_t		 ndata;
	const uint8_t	*data;
	const uint8_t	*segs;		/* 4 bytes each */
	unsigned	 nsegs;
};
#define TRACE_CHAIN_KICK	0x01	/* notify behind it */
#define TRACE_CHAIN_INDIRECT	0x02	/* all segments in a table */
#define TRACE_CHAIN_MIXED	0x04	/* the first one outside the table */
#define TRACE_CHAIN_HOLD	0x08	/* fill the slot, do not publish yet */
#define TRACE_CHAIN_LOOP	0x10	/* the last one points to the first */
#define TRACE_CHAIN_BADHEAD	0x20	/* head = queue size + nsegs */
#define TRACE_CHAIN_BADNEXT	0x40	/* the last one points outside */
#define TRACE_CHAIN_TWICE	0x80	/* offer the head two times */

#define TRACE_SEG_WRITE		0x01	/* device-writable */
#define TRACE_SEG_UNMAPPED	0x02	/* address in no range; arg varies */
#define TRACE_SEG_EDGE		0x04	/* across the end of a range */
#define TRACE_SEG_NEST		0x08	/* INDIRECT flag set */
#define TRACE_SEG_HUGE		0x10	/* len counts 64 KiB units */
#define TRACE_SEG_SAME		0x20	/* same memory as the one before */
#define TRACE_SEG_RING		0x40	/* address inside the queue's rings */
#define TRACE_SEG_ALL		0x7f
#define TRACE_SEG_SIZE		4

/* One record, decoded.  Pointers lead into the trace. */
struct trace_rec {
	unsigned	 type;		/* enum trace_type */
	unsigned	 number;	/* from 1 */
	size_t		 off;		/* of the record in the trace */
	const uint8_t	*body;
	size_t		 len;
	union {
		struct {
			const uint8_t	*name;
			size_t		 namelen;
			const uint8_t	*list;
			size_t		 listlen;
		} conf;
		struct { unsigned n; } map;	/* trace_map_range() */
		struct viodev_msg msg;
		struct { uint64_t gpa; struct trace_blob blob; } load;
		struct { uint64_t gpa; const uint8_t *p; size_t len; } poke;
		struct {
			unsigned		call;
			int32_t			result;
			struct trace_blob	blob;
		} answer;
		struct {
			unsigned		kind;
			uint32_t		arg;
			uint64_t		val;
			struct trace_blob	blob;
		} expect;
		uint64_t mark;
		uint64_t time;
		struct trace_setup setup;
		struct trace_chain chain;
		struct { uint8_t call, skip, result, cut; } fault;
		struct { uint8_t mode, seed; } race;
	} u;
};

struct trace_reader {
	const uint8_t	*p;
	size_t		 len;
	size_t		 off;		/* of the next record */
	unsigned	 number;	/* of the last record */
	int		 fold;		/* any bytes are some record */
	size_t		 bad;		/* offset of what is wrong */
	const char	*why;		/* and why */
};

enum trace_result {
	TRACE_OK,
	TRACE_END,			/* nothing left */
	TRACE_SHORT,			/* the last record is cut off */
	TRACE_BAD			/* bad and why say what */
};

/*
 * Strict: the header must be there and every record must be what the table
 * says.  TRACE_OK or TRACE_BAD.
 */
enum trace_result trace_open(struct trace_reader *, const void *, size_t);
/*
 * For inputs: total.  A header is skipped when there is one.  Other types
 * become one of an input, a length beyond the end is what is left, fields
 * that are missing are 0, a list or a map counts up to its first bad entry.
 * What trace_put_rec makes of such a record is the record that a strict
 * reader takes.
 */
void	 trace_open_fold(struct trace_reader *, const void *, size_t);
/*
 * TRACE_SHORT and TRACE_BAD say where and why in bad and why; the reader
 * stays in front of that record.
 */
enum trace_result trace_next(struct trace_reader *, struct trace_rec *);
/* Back to the first record. */
void	 trace_rewind(struct trace_reader *);

void	 trace_map_range(const struct trace_rec *, unsigned i,
	    uint64_t *gpa, uint64_t *len);

/*
 * Writers append one record to the buffer, or nothing at all: then it is
 * full, or the body would be longer than TRACE_MAXBODY, and the error flag
 * of the buffer tells.  keep bounds the kept part of a blob.
 */
void	 trace_put_header(struct wbuf *);
void	 trace_put_conf(struct wbuf *, const char *name, const void *list,
	    size_t len);
void	 trace_put_map(struct wbuf *, const uint64_t (*range)[2], unsigned n);
void	 trace_put_msg(struct wbuf *, const struct viodev_msg *);
void	 trace_put_load(struct wbuf *, uint64_t gpa, const void *, size_t len,
	    size_t keep);
void	 trace_put_poke(struct wbuf *, uint64_t gpa, const void *, size_t);
void	 trace_put_answer(struct wbuf *, unsigned call, int32_t result,
	    const void *, size_t len, size_t keep);
void	 trace_put_expect(struct wbuf *, unsigned kind, uint32_t arg,
	    uint64_t val, const void *, size_t len, size_t keep);
void	 trace_put_mark(struct wbuf *, uint64_t digest);
void	 trace_put_time(struct wbuf *, uint64_t ns);
void	 trace_put_setup(struct wbuf *, const struct trace_setup *);
void	 trace_put_chain(struct wbuf *, const struct trace_chain *);
void	 trace_put_fault(struct wbuf *, unsigned call, unsigned skip,
	    unsigned result, unsigned cut);
void	 trace_put_race(struct wbuf *, unsigned mode, unsigned seed);
void	 trace_put_reload(struct wbuf *);
void	 trace_put_state(struct wbuf *, const void *, size_t len);

/* The same from a blob whose total, digest, bytes and kept are given. */
void	 trace_put_load_blob(struct wbuf *, uint64_t gpa,
	    const struct trace_blob *);
void	 trace_put_answer_blob(struct wbuf *, unsigned call, int32_t result,
	    const struct trace_blob *);
void	 trace_put_expect_blob(struct wbuf *, unsigned kind, uint32_t arg,
	    uint64_t val, const struct trace_blob *);
/* Any decoded record, as the writers above would write it. */
void	 trace_put_rec(struct wbuf *, const struct trace_rec *);

/* Names in texts; NULL for a number without one. */
const char *trace_type_name(unsigned);
const char *trace_call_name(unsigned);
const char *trace_kind_name(unsigned);

#endif
