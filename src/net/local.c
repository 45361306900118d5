#include "local.h"

#include <string.h>

#include "bebytes.h"

static uint32_t
mask4(unsigned len)
{
	return len == 0 ? 0 : 0xffffffffU << (32 - len);
}

const char *
local4_check(uint32_t prefix, unsigned len)
{
	if (len < 1)
		return "a prefix has at least 1 bit";
	if (len > LOCAL4_MAXLEN)
		return "a prefix has at most 16 bits, or there is no room for "
		    "machines and interfaces";
	if ((prefix & ~mask4(len)) != 0)
		return "there are bits set behind the prefix";
	return NULL;
}

int
local4(struct local4 *a, uint32_t prefix, unsigned len, uint32_t machine,
    unsigned nic)
{
	uint64_t part = (uint64_t)machine << 8 | (nic + 1) * 2;

	if (local4_check(prefix, len) != NULL || nic >= LOCAL_NICS ||
	    (part & ~(uint64_t)~mask4(len)) != 0)
		return -1;
	a->host = prefix | (uint32_t)part;
	a->guest = a->host + 1;
	return 0;
}

const char *
local6_check(const uint8_t *prefix, unsigned len)
{
	unsigned bit;

	if (len > LOCAL6_MAXLEN)
		return "a prefix has at most 64 bits, or there is no room for "
		    "machines and interfaces";
	for (bit = len; bit < 128; bit++)
		if ((prefix[bit / 8] & 0x80 >> bit % 8) != 0)
			return "there are bits set behind the prefix";
	return NULL;
}

void
local6(struct local6 *a, const uint8_t *prefix, uint32_t guest4)
{
	memset(a, 0, sizeof(*a));
	memcpy(a->host, prefix, 8);
	beb32_put(a->host + 8, guest4);
	memcpy(a->guest, a->host, sizeof(a->guest));
	a->host[15] = 1;
	a->guest[15] = 2;
}

void
local6_ula(uint8_t *prefix, const uint8_t *random)
{
	memset(prefix, 0, 16);
	prefix[0] = 0xfd;
	memcpy(prefix + 1, random, 7);
}
