/*
 * Makes inputs for the targets qcow2 and convert out of image files.
 * usage: seedimage first-byte... < image > input
 * The first bytes are numbers; then come the parts that are not zero.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR	512u

static int
is_zero(const uint8_t *p, size_t n)
{
	while (n > 0 && p[n - 1] == 0)
		n--;
	return n == 0;
}

static void
put(unsigned sector, const uint8_t *p)
{
	size_t n = SECTOR;

	while (n > 8 && is_zero(p + n - 8, 8))
		n -= 8;
	putchar((int)(sector & 0xff));
	putchar((int)(sector >> 8 & 0xff));
	putchar((int)(n / 8 - 1));
	fwrite(p, 1, n, stdout);
}

int
main(int argc, char **argv)
{
	uint8_t b[SECTOR];
	unsigned sector, last = 0;
	size_t n;
	int i;

	for (i = 1; i < argc; i++)
		putchar(atoi(argv[i]));
	for (sector = 0; sector < 65536; sector++) {
		memset(b, 0, sizeof(b));
		n = fread(b, 1, sizeof(b), stdin);
		if (n == 0)
			break;
		last = sector;
		if (!is_zero(b, n) || feof(stdin))
			put(sector, b);
	}
	/* The last sector tells how long the file is. */
	memset(b, 0, sizeof(b));
	if (last > 0)
		put(last + 1, b);
	return ferror(stdin) || fflush(stdout) != 0;
}
