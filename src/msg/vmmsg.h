/*
 * What the daemon and a vm process say to each other, as bodies of frames;
 * the frame's type is an enum vmmsg.
 *
 * First the configuration, field by field: VM, then in any order what the
 * machine starts with and its devices (what follows a DEVICE belongs to it),
 * then GO.  The vm process answers READY, or ERROR and ends.  Afterwards
 * PAUSE, UNPAUSE, STOP, SHUTDOWN, RESTART and VERBOSE, the first two answered
 * by PAUSED and UNPAUSED.  How it ended is its exit status: see vmd-vm(8).
 *
 * Both are our own programs; bodies are checked all the same.
 */
#ifndef VMMSG_H
#define VMMSG_H

#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "devconf.h"
#include "devmsg.h"

#define VMMSG_VERSION	1
#define VMMSG_MAXPATH	1023
#define VMMSG_MAXLINE	4095		/* a kernel's command line */
#define VMMSG_MAXCONF	1024		/* attach values of a device */
#define VMMSG_MAXDEVS	32

enum vmmsg {
	VMMSG_VM = 1,		/* struct vmmsg_vm */
	VMMSG_NODE,		/* nothing, and a descriptor: the hypervisor */
	VMMSG_BOOT,		/* path, and a descriptor: firmware, kernel */
	VMMSG_INITRD,		/* path, and a descriptor */
	VMMSG_CMDLINE,		/* text */
	VMMSG_CONSOLE,		/* nothing, and a descriptor; without it no
				   terminal */
	VMMSG_DEVICE,		/* struct vmmsg_device */
	VMMSG_IMAGE,		/* struct devmsg_image, and a descriptor */
	VMMSG_TAP,		/* nothing, and a descriptor */
	VMMSG_RECORD,		/* struct vmmsg_record, and a descriptor */
	VMMSG_GO,		/* nothing */
	VMMSG_PAUSE,
	VMMSG_UNPAUSE,
	VMMSG_STOP,		/* at once, without asking the guest */
	VMMSG_SHUTDOWN,		/* the guest is asked; who is not there to be
				   asked is stopped */
	VMMSG_RESTART,		/* the same, and to start again */
	VMMSG_VERBOSE,		/* level u8 */
	VMMSG_READY,
	VMMSG_ERROR,		/* text */
	VMMSG_PAUSED,
	VMMSG_UNPAUSED,
	VMMSG_NTYPES
};

enum vmmsg_engine {
	VMMSG_NATIVE,		/* the system's hypervisor */
	VMMSG_QTEST		/* commands of a test */
};

enum vmmsg_order {		/* facts: vmd-daemon 21.10 */
	VMMSG_AUTO,		/* firmware decides */
	VMMSG_DISK,		/* the first disk or nothing */
	VMMSG_CD,
	VMMSG_NET		/* nothing that firmware could boot */
};

struct vmmsg_vm {
	char		name[DEVMSG_MAXVM + 1];
	uint64_t	size;		/* bytes of memory */
	uint8_t		engine;
	uint8_t		order;
	uint8_t		verbose;
	uint8_t		debug;		/* firmware's port 0x402 is there */
	char		program[VMMSG_MAXPATH + 1];	/* vmd-device */
	char		commands[VMMSG_MAXPATH + 1];	/* of qtest */
};

/* A kind is "viornd", "vioblk", "vioscsi", "vionet", "vmmci". */
struct vmmsg_device {
	char		kind[DEVMSG_MAXKIND + 1];
	uint8_t		conf[VMMSG_MAXCONF];
	size_t		conflen;
};

struct vmmsg_record {
	struct devmsg_record	 how;
	char			 path[VMMSG_MAXPATH + 1];
};

/* Writers append. */
void	vmmsg_put_vm(struct wbuf *, const struct vmmsg_vm *);
void	vmmsg_put_device(struct wbuf *, const struct vmmsg_device *);
void	vmmsg_put_record(struct wbuf *, const struct vmmsg_record *);

/* Readers take a whole body: 0, or -1 for one that is not as above. */
int	vmmsg_get_vm(const void *, size_t, struct vmmsg_vm *);
int	vmmsg_get_device(const void *, size_t, struct vmmsg_device *);
int	vmmsg_get_record(const void *, size_t, struct vmmsg_record *);
/* A text without NUL inside, at most cap - 1 bytes. */
int	vmmsg_get_text(const void *, size_t, char *, size_t cap);

/* "DEVICE", or NULL for a number without a name. */
const char *vmmsg_name(uint32_t type);

#endif
