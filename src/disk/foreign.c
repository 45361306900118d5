#include "foreign.h"

#include <string.h>

#define FOOTER	512u

static const struct sign {
	const char	*name;
	unsigned	 off, len;
	const char	*bytes;
} signs[] = {
	{ "VMDK", 0, 4, "KDMV" },
	{ "VMDK", 0, 4, "COWD" },
	{ "VMDK", 0, 21, "# Disk DescriptorFile" },
	{ "VDI", 64, 4, "\x7f\x10\xda\xbe" },
	{ "VHDX", 0, 8, "vhdxfile" },
	{ "VHD", 0, 8, "conectix" },
	{ "QED", 0, 4, "QED" },
	{ "Parallels", 0, 16, "WithoutFreeSpace" },
	{ "Parallels", 0, 16, "WithouFreSpacExt" },
};

/* A VHD of fixed size has all of its head behind the disk. */
static int
probe_end(const struct bstore *bs, const char **name)
{
	char b[8];
	uint64_t size;
	int rv;

	rv = bs_size(bs, &size);
	if (rv != 0 || size < FOOTER)
		return rv;
	rv = bs_read(bs, b, sizeof(b), size - FOOTER);
	if (rv == 0 && memcmp(b, "conectix", sizeof(b)) == 0)
		*name = "VHD";
	return rv;
}

int
foreign_probe(const struct bstore *bs, const char **name)
{
	char b[68];
	size_t i;
	int rv;

	*name = NULL;
	rv = bs_read(bs, b, sizeof(b), 0);
	if (rv != 0)
		return rv;
	for (i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (memcmp(b + signs[i].off, signs[i].bytes,
		    signs[i].len) == 0) {
			*name = signs[i].name;
			return 0;
		}
	return probe_end(bs, name);
}
