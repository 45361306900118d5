#include "nicarg.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vionet.h"

static int refuse(struct cfg_why *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

static int
refuse(struct cfg_why *why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
	return -1;
}

static int
number(const char *s, unsigned min, unsigned max, unsigned *v)
{
	unsigned long n;
	char *end;

	if (s[0] < '0' || s[0] > '9' || strlen(s) > 6)
		return -1;
	n = strtoul(s, &end, 10);
	if (*end != '\0' || n < min || n > max)
		return -1;
	*v = (unsigned)n;
	return 0;
}

static int
nibble(char c)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	const char *at = c == '\0' ? NULL : strchr(digits, c);
	int n;

	if (at == NULL)
		return -1;
	n = (int)(at - digits);
	return n < 16 ? n : n - 6;
}

static int
take_mac(struct nic_conf *c, const char *s, struct cfg_why *why)
{
	static const uint8_t none[TAP_MACLEN];
	unsigned i;
	int hi, lo;

	for (i = 0; i < TAP_MACLEN; i++, s += 3) {
		hi = nibble(s[0]);
		lo = hi == -1 ? -1 : nibble(s[1]);
		if (lo == -1 || s[2] != (i < 5 ? ':' : '\0'))
			break;
		c->mac[i] = (uint8_t)(hi << 4 | lo);
	}
	if (i < TAP_MACLEN || (c->mac[0] & 1) != 0 ||
	    memcmp(c->mac, none, sizeof(none)) == 0)
		return refuse(why, "-N lladdr: want six bytes as in "
		    "fe:e1:bb:d1:00:07, and no group's address");
	return 0;
}

static int
take_number(const char *s, unsigned min, unsigned max, unsigned *v,
    struct cfg_why *why)
{
	if (number(strchr(s, '=') + 1, min, max, v) == 0)
		return 0;
	return refuse(why, "-N %.60s: want a number from %u to %u", s, min,
	    max);
}

static int
property(struct nic_conf *c, const char *s, struct cfg_why *why)
{
	if (strcmp(s, "local") == 0)
		c->local = 1;
	else if (strcmp(s, "locked") == 0)
		c->locked = 1;
	else if (strcmp(s, "offload") == 0)
		c->offload = 1;
	else if (strncmp(s, "bridge=", 7) == 0 && s[7] != '\0')
		c->bridge = s + 7;
	else if (strncmp(s, "lladdr=", 7) == 0)
		return take_mac(c, s + 7, why);
	else if (strncmp(s, "mtu=", 4) == 0)
		return take_number(s, 68, VIONET_MAXMTU, &c->mtu, why);
	else if (strncmp(s, "queues=", 7) == 0)
		return take_number(s, 1, VIONET_MAXPAIRS, &c->pairs, why);
	else if (strncmp(s, "qsize=", 6) == 0)
		return take_number(s, 2, 1024, &c->qsize, why);
	else
		return refuse(why, "-N %.60s: not a property of a network "
		    "card: see --help", s);
	return 0;
}

int
nicarg_take(struct nicarg *a, const char *arg, struct cfg_why *why)
{
	char *s, *next;

	memset(a, 0, sizeof(*a));
	if (strlen(arg) >= sizeof(a->text))
		return refuse(why, "-N: more than %zu bytes",
		    sizeof(a->text) - 1);
	memcpy(a->text, arg, strlen(arg) + 1);
	for (s = strchr(a->text, ','); s != NULL; s = next) {
		*s++ = '\0';
		next = strchr(s, ',');
		if (next != NULL)
			*next = '\0';
		if (property(&a->nic, s, why) == -1)
			return -1;
	}
	a->nic.tap = a->text[0] == '\0' ? "tap" : a->text;
	if (a->nic.qsize != 0 && (a->nic.qsize & (a->nic.qsize - 1)) != 0)
		return refuse(why, "-N qsize=%u: not a power of two",
		    a->nic.qsize);
	return 0;
}
