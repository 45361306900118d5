/*
 * Addresses of local interfaces: a pair for each interface of each machine,
 * computed from its number, so there is nothing to allocate or to remember.
 *
 * v4, a /31 (RFC 3021):	prefix | machine << 8 | (nic + 1) * 2
 *				for the host, the next one for the guest
 * v6, a /96:			64 bits of prefix, the guest's v4 address, and
 *				1 for the host, 2 for the guest
 *
 * v4 addresses are numbers of the host's byte order, v6 addresses 16 bytes.
 */
#ifndef LOCAL_H
#define LOCAL_H

#include <stddef.h>
#include <stdint.h>

#define LOCAL4_PREFIX	0x64400000U	/* 100.64.0.0/10: RFC 6598 */
#define LOCAL4_LEN	10
#define LOCAL4_MAXLEN	16		/* 16 bits for machine and nic */
#define LOCAL4_MASK	0xfffffffeU
#define LOCAL6_MAXLEN	64
#define LOCAL6_LEN	96		/* of what an interface gets */
#define LOCAL_NICS	127

struct local4 {
	uint32_t	host, guest;
};

struct local6 {
	uint8_t		host[16], guest[16];
};

/*
 * Whether addresses can be made below a prefix of len bits: NULL, or what is
 * wrong with it, as the end of a line.
 */
const char	*local4_check(uint32_t prefix, unsigned len);
const char	*local6_check(const uint8_t *prefix, unsigned len);

/*
 * The pair of a machine's interface.  -1 when the prefix is not valid, the
 * machine's number does not fit below it, or nic is LOCAL_NICS or more.
 */
int		 local4(struct local4 *, uint32_t prefix, unsigned len,
		    uint32_t machine, unsigned nic);
/* The same for v6, from a valid prefix and the guest's v4 address. */
void		 local6(struct local6 *, const uint8_t *prefix,
		    uint32_t guest4);
/* A prefix of 64 bits below fd00::/8 from 7 random bytes: RFC 4193, 3.1. */
void		 local6_ula(uint8_t *prefix, const uint8_t *random);

#endif
