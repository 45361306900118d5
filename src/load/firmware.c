#include "load_priv.h"

#include <inttypes.h>

#define SMALLEST	15ULL
#define LOWCOPY		(128 * 1024ULL)

/* A piece of the image that ends at an address. */
static int
put(const struct load_src *s, const struct load_vm *vm, uint64_t end,
    uint64_t len)
{
	uint8_t *p = gm_hva(vm->gm, end - len, (size_t)len);

	return p == NULL ? -1 :
	    load_bytes(s, s->size - len, p, (size_t)len);
}

int
load_firmware(const struct load_src *s, struct load_vm *vm,
    struct load_why *why)
{
	uint64_t low = s->size < LOWCOPY ? s->size : LOWCOPY;

	if (s->size < SMALLEST || s->size > MEMMAP_FIRMWARE)
		return load_fail(why, "%" PRIu64 " bytes are no firmware: it "
		    "has %d to %d", s->size, (int)SMALLEST,
		    (int)MEMMAP_FIRMWARE);
	if (put(s, vm, 1ULL << 32, s->size) == -1 ||
	    put(s, vm, MIB, low) == -1)
		return load_fail(why, "the firmware cannot be read");
	vcpu_flat16(&vm->regs);
	vm->end = 0;
	return 0;
}
