/*
 * ELF files as kernels have them: little-endian, 32 or 64 bits, executable,
 * for x86.  Headers are read once and checked; offsets and sizes lie inside
 * the file.
 */
#ifndef ELFK_H
#define ELFK_H

#include "load_priv.h"

#define ELF_MAXPHDRS	64
#define ELF_MAXSHDRS	256

enum {
	ELF_PT_LOAD	= 1,
	ELF_PT_NOTE	= 4,
	ELF_SHT_SYMTAB	= 2,
	ELF_SHT_STRTAB	= 3,
	ELF_SHF_ALLOC	= 2
};

struct elf_phdr {
	uint32_t	 type;
	uint64_t	 off;
	uint64_t	 paddr;
	uint64_t	 filesz;
	uint64_t	 memsz;
};

struct elf {
	const struct load_src	*src;
	int			 wide;		/* 64 bits */
	uint8_t			 ehdr[64];	/* as it stands in the file */
	unsigned		 ehsize;	/* 52 or 64 */
	uint64_t		 entry;
	uint64_t		 shoff;
	unsigned		 shnum;
	unsigned		 shstrndx;
	unsigned		 nph;
	struct elf_phdr		 ph[ELF_MAXPHDRS];
};

int	elf_open(struct elf *, const struct load_src *, struct load_why *);

/*
 * Loads all segments at their addresses under a mask, fills the rest of each
 * with zeros; *end is behind the last.
 */
int	elf_segments(const struct elf *, const struct load_vm *,
	    uint64_t mask, uint64_t *end, struct load_why *);

/* The PVH entry, if a note has one: 1. */
int	elf_pvh_entry(const struct elf *, uint64_t *entry);

/* Both start a kernel whose segments are loaded up to vm->end. */
int	elf_start_pvh(const struct load_elf *, struct load_vm *,
	    uint64_t entry, struct load_why *);
int	elf_start_openbsd(const struct load_elf *, const struct elf *,
	    struct load_vm *, struct load_why *);

#endif
