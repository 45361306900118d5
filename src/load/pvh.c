/* Kernels with a PVH entry: Xen, docs/misc/pvh. */
#include <string.h>

#include "elfk.h"
#include "le.h"

#define NOTE_PVH	18		/* XEN_ELFNOTE_PHYS32_ENTRY */
#define NOTE_HEADER	12
#define MAXNOTES	256

#define START_MAGIC	0x336ec578	/* "xEn3" with bit 7 of E set */
#define START_VERSION	1
#define START_SIZE	56
#define MODULE_SIZE	32
#define MAP_ENTRY	24

#define UP4(n)		(((n) + 3ULL) & ~3ULL)

/* One note at *off; 1: it is the entry, 0: go on, -1: no more. */
static int
note(const struct elf *e, const struct elf_phdr *ph, uint64_t *off,
    uint64_t *entry)
{
	uint64_t name, desc, at = ph->off + *off;
	uint8_t h[NOTE_HEADER], b[8] = { 0 };

	if (ph->filesz - *off < NOTE_HEADER ||
	    load_bytes(e->src, at, h, sizeof(h)) == -1)
		return -1;
	name = UP4(le32_get(h));
	desc = UP4(le32_get(h + 4));
	if (name + desc > ph->filesz - *off - NOTE_HEADER)
		return -1;
	*off += NOTE_HEADER + name + desc;
	if (le32_get(h + 8) != NOTE_PVH || le32_get(h) != 4 ||
	    load_bytes(e->src, at + NOTE_HEADER, b, 4) == -1 ||
	    memcmp(b, "Xen", 4) != 0 || (desc != 4 && desc != 8) ||
	    load_bytes(e->src, at + NOTE_HEADER + name, b, desc) == -1)
		return 0;
	*entry = desc == 8 ? le64_get(b) : le32_get(b);
	return 1;
}

int
elf_pvh_entry(const struct elf *e, uint64_t *entry)
{
	unsigned i, budget = MAXNOTES;
	uint64_t off;
	int rv;

	for (i = 0; i < e->nph; i++) {
		if (e->ph[i].type != ELF_PT_NOTE)
			continue;
		off = 0;
		rv = 0;
		for (; rv == 0 && budget > 0; budget--)
			rv = note(e, &e->ph[i], &off, entry);
		if (rv == 1)
			return 1;
	}
	return 0;
}

static size_t
start_map(const struct memmap *m, uint8_t *p)
{
	unsigned i;

	for (i = 0; i < m->n; i++, p += MAP_ENTRY) {
		le64_put(p, m->range[i].gpa);
		le64_put(p + 8, m->range[i].len);
		le32_put(p + 16, m->range[i].type);
	}
	return m->n;
}

int
elf_start_pvh(const struct load_elf *l, struct load_vm *vm, uint64_t entry,
    struct load_why *why)
{
	uint8_t b[START_SIZE + MODULE_SIZE + MEMMAP_MAX * MAP_ENTRY] = { 0 };
	uint64_t module = 0;

	if (entry > UINT32_MAX || !memmap_is_ram(vm->map, entry, 1))
		return load_fail(why, "its PVH entry lies outside memory");
	if (l->initrd.size > 0) {
		module = load_module(&l->initrd, vm, vm->end, 1ULL << 32,
		    why);
		if (module == 0)
			return -1;
	}
	if (load_cmdline(vm, l->cmdline, LOW_CMDMAX - 1, why) == -1)
		return -1;
	le32_put(b, START_MAGIC);
	le32_put(b + 4, START_VERSION);
	le32_put(b + 12, module != 0);
	le64_put(b + 16, module != 0 ? LOW_PVH + START_SIZE : 0);
	le64_put(b + 24, LOW_CMDLINE);
	le64_put(b + 40, LOW_PVH + START_SIZE + MODULE_SIZE);
	le64_put(b + START_SIZE, module);
	le64_put(b + START_SIZE + 8, l->initrd.size);
	le32_put(b + 48, (uint32_t)start_map(vm->map,
	    b + START_SIZE + MODULE_SIZE));
	if (gm_copyout(vm->gm, LOW_PVH, b, sizeof(b)) == -1 ||
	    load_flat32(vm) == -1)
		return load_fail(why, "no memory below 1 MiB");
	vm->regs.rip = entry;
	vm->regs.gpr[VCPU_RBX] = LOW_PVH;
	return 0;
}
