/* The packet header's checksum fields: virtio 1.3, 5.1.6.2 and 5.1.6.4. */
#include "vionet_priv.h"

/* 0 with *at where the checksum goes, -1 when that is outside the frame. */
static int
place(const uint8_t *hdr, size_t len, size_t *at)
{
	size_t start = le16_get(hdr + VIONET_H_CSUM_START);

	*at = start + le16_get(hdr + VIONET_H_CSUM_OFFSET);
	return start < len && *at + 2 <= len ? 0 : -1;
}

/* Keeps what an open checksum needs, drops everything else. */
static void
rewrite(uint8_t *hdr, uint8_t flags)
{
	uint8_t where[4];

	memcpy(where, hdr + VIONET_H_CSUM_START, sizeof(where));
	memset(hdr, 0, VIONET_HDR);
	hdr[VIONET_H_FLAGS] = flags;
	if (flags == VIONET_H_NEEDS_CSUM)
		memcpy(hdr + VIONET_H_CSUM_START, where, sizeof(where));
}

int
vionet_rx_header(const struct vionet *n, uint8_t *hdr, size_t len, int *sum,
    size_t *at)
{
	uint8_t flags = hdr[VIONET_H_FLAGS];

	*sum = 0;
	if (hdr[VIONET_H_GSO_TYPE] != 0)
		return -1;
	if ((flags & VIONET_H_NEEDS_CSUM) == 0) {
		flags &= VIONET_H_DATA_VALID;
		rewrite(hdr, vionet_has(n, VIONET_F_GUEST_CSUM) ? flags : 0);
		return 0;
	}
	if (place(hdr, len, at) == -1)
		return -1;
	*sum = !vionet_has(n, VIONET_F_GUEST_CSUM);
	if (!*sum)
		rewrite(hdr, VIONET_H_NEEDS_CSUM);
	return 0;
}

/*
 * Flags that a driver has no business to set are no reason to lose its frame
 * (5.1.6.2.2), nor is what it wishes for without CSUM.
 */
int
vionet_tx_header(const struct vionet *n, uint8_t *hdr, size_t len)
{
	uint8_t flags = hdr[VIONET_H_FLAGS] & VIONET_H_NEEDS_CSUM;
	size_t at;

	if (hdr[VIONET_H_GSO_TYPE] != 0)
		return -1;
	if (!vionet_has(n, VIONET_F_CSUM))
		flags = 0;
	if (flags != 0 && place(hdr, len, &at) == -1)
		return -1;
	rewrite(hdr, flags);
	return 0;
}

/*
 * The field at holds the pseudo header's part already, so it is summed with
 * the rest.  A sum of 0 is written as its other form: UDP takes 0 for none,
 * and for TCP both are the same (RFC 768, RFC 1624).
 */
void
vionet_sum(const uint8_t *frame, size_t len, size_t start, uint8_t *two)
{
	uint16_t sum = inet_fold(inet_sum(0, frame + start, len - start));

	if (sum == 0)
		sum = 0xffff;
	two[0] = (uint8_t)(sum >> 8);
	two[1] = (uint8_t)sum;
}
