/*
 * What the vm process and a device process say to each other, as bodies of
 * frames; the frame's type is an enum devmsg.
 *
 * Two channels.  On the sync channel the vm speaks: first the description,
 * field by field, in the order of the list below, then messages to the
 * device; the device answers READY or ERROR once, later a REPLY to each
 * VIODEV with a register read and to each SYNC, and nothing else.  On the
 * async channel the device speaks: READY, then IRQ and REQUEST.
 *
 * The level of the interrupt line travels on both channels, so it carries a
 * running number: who gets a number that is not newer than the last one drops
 * the level.  A reply carries the level, too; a read of the interrupt status
 * thus lowers the line with its answer.
 *
 * Either side may be in the hands of a guest: a body that is too short, too
 * long or holds a value that is not listed here is refused whole.
 */
#ifndef DEVMSG_H
#define DEVMSG_H

#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "gmem.h"

#define DEVMSG_VERSION	1
#define DEVMSG_MAXKIND	31		/* lower case letters and digits */
#define DEVMSG_MAXVM	63		/* letters, digits, '.', '-', '_' */
#define DEVMSG_MAXINDEX	255
#define DEVMSG_MAXIMAGES 64		/* of a device, bases included */
#define DEVMSG_MAXTEXT	255

enum devmsg {
	DEVMSG_HELLO = 1,	/* struct devmsg_hello */
	DEVMSG_CONF,		/* devconf list */
	DEVMSG_MEMORY,		/* struct devmsg_memory, and a descriptor */
	DEVMSG_IMAGE,		/* struct devmsg_image, and a descriptor; the
				   top first, then what it rests on, unit
				   after unit from 0 on */
	DEVMSG_TAP,		/* nothing, and a descriptor */
	DEVMSG_RECORD,		/* struct devmsg_record, and a descriptor */
	DEVMSG_SLATE,		/* nothing, and a descriptor (slate.h): what
				   follows READY on the sync channel goes
				   through it */
	DEVMSG_GO,		/* nothing: the description ends */
	DEVMSG_VIODEV,		/* viodev_msg as in msg.h */
	DEVMSG_VERBOSE,		/* level u8 */
	DEVMSG_SYNC,		/* nothing */
	DEVMSG_READY,		/* capacity in bytes u64 */
	DEVMSG_ERROR,		/* text */
	DEVMSG_REPLY,		/* struct devmsg_reply */
	DEVMSG_IRQ,		/* struct devmsg_line */
	DEVMSG_REQUEST,		/* struct devmsg_request */
	DEVMSG_NTYPES
};

struct devmsg_hello {
	char		kind[DEVMSG_MAXKIND + 1];
	char		vm[DEVMSG_MAXVM + 1];
	uint32_t	index;		/* at most DEVMSG_MAXINDEX */
	uint8_t		verbose;
};

struct devmsg_memory {
	unsigned	n;		/* 1 to GM_MAXRANGES */
	struct {
		uint64_t	gpa, len, off;
	} range[GM_MAXRANGES];
};

struct devmsg_image {
	uint8_t		unit;		/* of the device: struct blk_io */
	uint8_t		format;		/* enum disk_format, not DISK_AUTO */
	uint8_t		readonly;
};

struct devmsg_record {
	uint64_t	room;		/* bytes */
	uint64_t	keep;		/* of a payload */
	uint32_t	marks;
};

struct devmsg_line {
	uint32_t	number;
	uint8_t		level;
};

struct devmsg_reply {
	uint64_t		data;
	struct devmsg_line	line;
};

struct devmsg_request {
	uint32_t	what;		/* enum host_request */
	uint64_t	arg;
};

/* Whether a name may be a kind, or a VM's. */
int	devmsg_kind_ok(const char *);
int	devmsg_vm_ok(const char *);
/* 1 when number is newer than last; numbers wrap. */
int	devmsg_newer(uint32_t number, uint32_t last);

/* Writers append; names must be valid. */
void	devmsg_put_hello(struct wbuf *, const struct devmsg_hello *);
void	devmsg_put_memory(struct wbuf *, const struct devmsg_memory *);
void	devmsg_put_image(struct wbuf *, const struct devmsg_image *);
void	devmsg_put_record(struct wbuf *, const struct devmsg_record *);
void	devmsg_put_line(struct wbuf *, const struct devmsg_line *);
void	devmsg_put_reply(struct wbuf *, const struct devmsg_reply *);
void	devmsg_put_request(struct wbuf *, const struct devmsg_request *);

/* Readers take a whole body: 0, or -1 for one that is not as above. */
int	devmsg_get_hello(const void *, size_t, struct devmsg_hello *);
int	devmsg_get_memory(const void *, size_t, struct devmsg_memory *);
int	devmsg_get_image(const void *, size_t, struct devmsg_image *);
int	devmsg_get_record(const void *, size_t, struct devmsg_record *);
int	devmsg_get_line(const void *, size_t, struct devmsg_line *);
int	devmsg_get_reply(const void *, size_t, struct devmsg_reply *);
int	devmsg_get_request(const void *, size_t, struct devmsg_request *);
int	devmsg_get_u8(const void *, size_t, uint8_t *);
int	devmsg_get_u64(const void *, size_t, uint64_t *);
/* A text of at most DEVMSG_MAXTEXT printable bytes, others replaced. */
void	devmsg_get_text(const void *, size_t, char *buf, size_t cap);

#endif
