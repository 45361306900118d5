#include "viodev.h"

static const char *const type_names[VIODEV_NTYPES] = {
	[VIODEV_READ] = "read",
	[VIODEV_WRITE] = "write",
	[VIODEV_KICK] = "kick",
	[VIODEV_INPUT] = "input",
	[VIODEV_TIMER] = "timer",
	[VIODEV_CONFIG] = "config",
	[VIODEV_PAUSE] = "pause",
	[VIODEV_UNPAUSE] = "unpause",
	[VIODEV_RESET] = "reset",
	[VIODEV_SHUTDOWN] = "shutdown",
	[VIODEV_READY] = "ready",
	[VIODEV_ERROR] = "error",
	[VIODEV_IRQ] = "irq",
	[VIODEV_LINE] = "line",
	[VIODEV_INTACK] = "intack",
	[VIODEV_COMMAND] = "command",
};

static const char *const space_names[VIODEV_NSPACES] = {
	[VIODEV_COMMON] = "common",
	[VIODEV_NOTIFY] = "notify",
	[VIODEV_ISR] = "isr",
	[VIODEV_DEVICE] = "device",
	[VIODEV_LEGACY] = "legacy",
	[VIODEV_PORT] = "port",
	[VIODEV_PCICFG] = "pcicfg",
};

static const char *const command_names[VIODEV_NCMDS] = {
	[VIODEV_CMD_NONE] = "none",
	[VIODEV_CMD_SHUTDOWN] = "shutdown",
	[VIODEV_CMD_REBOOT] = "reboot",
	[VIODEV_CMD_SYNCRTC] = "syncrtc",
};

const char *
viodev_type_name(unsigned type)
{
	return type < VIODEV_NTYPES ? type_names[type] : NULL;
}

const char *
viodev_space_name(unsigned space)
{
	return space < VIODEV_NSPACES ? space_names[space] : NULL;
}

const char *
viodev_command_name(unsigned command)
{
	return command < VIODEV_NCMDS ? command_names[command] : NULL;
}
