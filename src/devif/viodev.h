/*
 * struct viodev_msg: everything that can happen to a device.
 *
 * The same message is a frame on the channel between the vm process and a
 * device process, a record of a trace and a record of a fuzzing input; msg.h
 * has the encoding.  The numbers are part of these formats.
 */
#ifndef VIODEV_H
#define VIODEV_H

#include <stddef.h>
#include <stdint.h>

enum viodev_type {
	VIODEV_INVALID,
	VIODEV_READ,		/* register read; the answer is in data */
	VIODEV_WRITE,		/* register write of data */
	VIODEV_KICK,		/* look at queue where */
	VIODEV_INPUT,		/* payload arrived for queue where */
	VIODEV_TIMER,		/* timer where is due */
	VIODEV_CONFIG,		/* payload: attach values that change */
	VIODEV_PAUSE,		/* the vcpus stand still */
	VIODEV_UNPAUSE,		/* they go on; look at all queues */
	VIODEV_RESET,		/* system reset */
	VIODEV_SHUTDOWN,	/* last message */
	VIODEV_READY,		/* device to vm: attached */
	VIODEV_ERROR,		/* device to vm: data is a reason */
	VIODEV_IRQ,		/* device to vm: data is the level */
	VIODEV_LINE,		/* input line where is at level data */
	VIODEV_INTACK,		/* a vcpu takes an interrupt: vector in data */
	VIODEV_COMMAND,		/* the host wants where of the guest */
	VIODEV_NTYPES
};

/*
 * What COMMAND is about; vmmci tells the guest these numbers.  The answer in
 * data is 0, or 1 when there is nobody who would do it.
 */
enum viodev_command {
	VIODEV_CMD_NONE,
	VIODEV_CMD_SHUTDOWN,
	VIODEV_CMD_REBOOT,
	VIODEV_CMD_SYNCRTC,	/* set the clock from the host's */
	VIODEV_NCMDS
};

/* Where a register lives; where in the message is the offset inside it. */
enum viodev_space {
	VIODEV_COMMON,		/* virtio common configuration */
	VIODEV_NOTIFY,		/* virtio queue notification */
	VIODEV_ISR,		/* virtio interrupt status */
	VIODEV_DEVICE,		/* virtio device configuration */
	VIODEV_LEGACY,		/* virtio 0.9 header and device block */
	VIODEV_PORT,		/* I/O port of a board chip, by its number */
	VIODEV_PCICFG,		/* PCI: bus << 16 | device << 11 |
				   function << 8 | register */
	VIODEV_NSPACES
};

struct viodev_msg {
	uint8_t		 type;		/* enum viodev_type */
	uint8_t		 width;		/* bytes of a register access */
	uint16_t	 space;		/* enum viodev_space */
	uint32_t	 where;		/* offset, queue or timer */
	uint64_t	 data;
	const uint8_t	*payload;	/* lent for the call */
	size_t		 len;		/* bytes of payload */
};

/* Whether the device answers a message of this type in data. */
static inline int
viodev_answers(unsigned type)
{
	return type == VIODEV_READ || type == VIODEV_INTACK ||
	    type == VIODEV_COMMAND;
}

/* The name of a type, space or command in texts, or NULL. */
const char	*viodev_type_name(unsigned type);
const char	*viodev_space_name(unsigned space);
const char	*viodev_command_name(unsigned command);

#endif
