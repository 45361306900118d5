/* A system without taps that we know. */
#include "tap.h"

#include <stdio.h>

static int
refuse(const char *name, struct tap_why *why)
{
	snprintf(why->text, sizeof(why->text), "%.40s: this system has no taps "
	    "that vmd knows", name);
	return -1;
}

int
tap_open(struct tap *t, const char *name, int offload, struct tap_why *why)
{
	(void)offload;
	t->fd = -1;
	return refuse(name, why);
}

void
tap_close(struct tap *t)
{
	t->fd = -1;
}

int
tap_mac(const struct tap *t, uint8_t mac[TAP_MACLEN], struct tap_why *why)
{
	(void)mac;
	return refuse(t->name, why);
}

int
tap_up(const char *name, int up, struct tap_why *why)
{
	(void)up;
	return refuse(name, why);
}

int
tap_address(const char *name, uint32_t addr, uint32_t mask,
    struct tap_why *why)
{
	(void)addr;
	(void)mask;
	return refuse(name, why);
}

int
tap_mtu(const char *name, unsigned mtu, struct tap_why *why)
{
	(void)mtu;
	return refuse(name, why);
}

int
tap_join(const char *name, const char *bridge, struct tap_why *why)
{
	(void)bridge;
	return refuse(name, why);
}
