#include "loadvm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "le.h"
#include "poison.h"

#define ARENA		(LOADVM_RAM + LOADVM_SIZE)
#define MAXREADS	4000

static uint8_t *arena;
static struct memmap map;
static struct gmem gm;
static struct loadvm lv;
static unsigned reads, fail_at;
static uint64_t taken;			/* bytes */
static int deep;

void
loadvm_must(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "oracle load: %s\n", what);
	abort();
}

void
loadvm_init(void)
{
	arena = calloc(1, ARENA);
	loadvm_must(arena != NULL, "no memory");
	loadvm_must(gm_add(&gm, 0, ARENA, arena) == 0, "no range");
	map.n = 3;
	map.range[0] = (struct memmap_range){ 0, LOADVM_LOW, MEMMAP_RAM };
	map.range[1] = (struct memmap_range){ LOADVM_LOW,
	    LOADVM_RAM - LOADVM_LOW, MEMMAP_RESERVED };
	map.range[2] = (struct memmap_range){ LOADVM_RAM, LOADVM_SIZE,
	    MEMMAP_RAM };
	/* Nobody stores into what is reserved. */
	poison_region(arena + LOADVM_LOW, LOADVM_RAM - LOADVM_LOW);
}

void
loadvm_deep(int on)
{
	deep = on;
}

const uint8_t *
loadvm_at(uint64_t gpa)
{
	return arena + gpa;
}

static int
read_file(void *arg, uint64_t off, void *p, size_t len)
{
	const struct load_src *s = arg;

	loadvm_must(off <= s->size && len <= s->size - off,
	    "a read outside the file");
	loadvm_must(++reads < MAXREADS, "too many reads");
	taken += len;
	if (reads == fail_at)
		return -1;
	memcpy(p, (s == &lv.file ? lv.bytes : lv.bytes + 7) + off, len);
	return 0;
}

/* Changes of the template, as the header says. */
static void
change(const uint8_t *p, size_t len, size_t size)
{
	size_t n, at;

	while (len >= 4) {
		at = le16_get(p);
		n = 1 + (size_t)(p[2] & 7);
		if (at >= size)
			at %= size < 1024 ? size : 1024;
		p += 3;
		len -= 3;
		if (n > len)
			n = len;
		if (n > size - at)
			n = size - at;
		memcpy(lv.bytes + at, p, n);
		p += n;
		len -= n;
	}
}

/* What loaders use below 1 MiB. */
#define LOW_END		0x14000
#define CMDLINE		0x20000
#define CMDLINE_END	0x20100

static void
empty(void)
{
	memset(arena, 0, LOW_END);
	memset(arena + CMDLINE, 0, CMDLINE_END - CMDLINE);
	memset(arena + LOADVM_RAM, 0, LOADVM_SIZE);
}

struct loadvm *
loadvm_begin(const uint8_t *data, size_t len, const uint8_t *template,
    size_t size)
{
	unsigned flags = len > 0 ? data[0] : 0;

	empty();
	memset(&lv.vm, 0, sizeof(lv.vm));
	lv.vm.gm = &gm;
	lv.vm.map = &map;
	if (len > 0) {
		data++;
		len--;
	}
	if ((flags & LOADVM_WHOLE) != 0) {
		size = len < LOADVM_FILE ? len : LOADVM_FILE;
		memcpy(lv.bytes, data, size);
	} else {
		memcpy(lv.bytes, template, size);
		change(data, len, size);
	}
	lv.file = (struct load_src){ read_file, &lv.file, size };
	lv.initrd = (struct load_src){ read_file, &lv.initrd, 0 };
	if ((flags & LOADVM_INITRD) != 0 && size > 512)
		lv.initrd.size = size - 500;
	snprintf(lv.cmdline, sizeof(lv.cmdline), "console=ttyS0 n=%u", flags);
	reads = 0;
	taken = 0;
	fail_at = (flags & LOADVM_FAILS) != 0 ? 3 : 0;
	return &lv;
}

static void
check_refusal(const struct load_why *why)
{
	size_t n = strlen(why->text);

	loadvm_must(n > 0 && n < sizeof(why->text), "no reason");
	loadvm_must(strchr(why->text, '\n') == NULL &&
	    why->text[n - 1] != '.', "a reason that is no single line");
}

static void
check_untouched(void)
{
	size_t i;

	for (i = LOW_END; i < LOADVM_LOW; i++)
		loadvm_must(arena[i] == 0 || (i >= CMDLINE &&
		    i < CMDLINE_END), "a store into unused memory");
	unpoison_region(arena + LOADVM_LOW, LOADVM_RAM - LOADVM_LOW);
	for (i = LOADVM_LOW; i < LOADVM_RAM; i++)
		loadvm_must(arena[i] == 0, "a store into reserved memory");
	poison_region(arena + LOADVM_LOW, LOADVM_RAM - LOADVM_LOW);
}

void
loadvm_check(int rv, const struct load_why *why, struct digest *d)
{
	loadvm_must(taken <= LOADVM_SIZE + 8 * LOADVM_FILE,
	    "more was read than fits");
	if (deep)
		check_untouched();
	digest_u64(d, (uint64_t)rv);
	if (rv == -1) {
		check_refusal(why);
		digest_add(d, why->text, strlen(why->text));
		return;
	}
	loadvm_must(lv.vm.regs.rip < ARENA && (lv.vm.regs.rip < LOADVM_LOW ||
	    lv.vm.regs.rip >= LOADVM_RAM), "it starts outside RAM");
	loadvm_must(lv.vm.end >= LOADVM_RAM && lv.vm.end <= ARENA,
	    "its end lies outside RAM");
	digest_add(d, arena + 0x2000, 256);
	digest_add(d, arena + 0x6000, 0x1400);
	digest_add(d, arena + CMDLINE, 64);
	digest_u64(d, lv.vm.end);
	digest_u64(d, lv.vm.regs.rip);
}
