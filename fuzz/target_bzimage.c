/*
 * Linux kernels.  Whatever the file is, it is loaded or refused; what was
 * loaded equals the file, the initrd lies where the kernel can have it.
 */
#include <string.h>

#include "le.h"
#include "loadvm.h"
#include "target.h"

enum op { OP_LOADED, OP_FIXED, OP_INITRD, OP_REFUSED, OP_OLD };

static const char *const opnames[] = { "loaded", "fixed", "initrd",
    "refused", "old", NULL };

static struct fuzz_stat st = { .opnames = opnames };

#define SETUP		(2 * 512)
#define T_SIZE		(SETUP + 800)
#define FIXED		0x10		/* flags: a kernel that stays */
#define OLD		0x20		/* of an old protocol */

static uint8_t template[T_SIZE];

static void
init(void)
{
	loadvm_init();
}

static void
build(unsigned flags)
{
	size_t i;

	memset(template, 0, sizeof(template));
	for (i = SETUP; i < sizeof(template); i++)
		template[i] = (uint8_t)(i * 3 + 1);
	template[0x1f1] = 1;
	le32_put(template + 0x1f4, 50);
	le16_put(template + 0x1fe, 0xaa55);
	template[0x201] = 0x6a;
	memcpy(template + 0x202, "HdrS", 4);
	le16_put(template + 0x206, (flags & OLD) != 0 ? 0x206 : 0x20f);
	template[0x211] = 1;
	le32_put(template + 0x22c, 0x7fffffff);
	template[0x234] = (flags & FIXED) == 0;
	le32_put(template + 0x238, 255);
	le64_put(template + 0x258, 0x108000);
	le32_put(template + 0x260, 0x4000);
}

/* What the kernel finds, by the boot protocol's own words. */
static void
check(const struct loadvm *v)
{
	const uint8_t *p = loadvm_at(v->vm.regs.gpr[VCPU_RSI]);
	unsigned sects = v->bytes[0x1f1] == 0 ? 4 : v->bytes[0x1f1];
	size_t off = (sects + 1) * 512UL, n = v->file.size - off;
	uint64_t at = v->vm.regs.rip, rd = le32_get(p + 0x218);
	uint32_t rdlen = le32_get(p + 0x21c);

	loadvm_must(off < v->file.size, "nothing to load, but loaded");
	loadvm_must(memcmp(loadvm_at(at), v->bytes + off, n) == 0,
	    "the kernel differs from the file");
	loadvm_must(at + n <= v->vm.end, "the kernel reaches behind its end");
	loadvm_must(memcmp(p + 0x202, "HdrS", 4) == 0 && p[0x210] != 0,
	    "the zero page is not filled in");
	loadvm_must(strcmp((const char *)loadvm_at(le32_get(p + 0x228)),
	    v->cmdline) == 0, "another command line");
	loadvm_must(p[0x1e8] == 3, "another memory map");
	loadvm_must(rdlen == v->initrd.size, "an initrd of another size");
	st.requests++;
	st.ops |= 1U << OP_LOADED;
	if (v->bytes[0x234] == 0)
		st.ops |= 1U << OP_FIXED;
	if (le16_get(v->bytes + 0x206) < 0x20a)
		st.ops |= 1U << OP_OLD;
	if (rdlen == 0)
		return;
	loadvm_must(rd >= v->vm.end &&
	    rd + rdlen <= LOADVM_RAM + LOADVM_SIZE &&
	    rd + rdlen - 1 <= le32_get(v->bytes + 0x22c),
	    "the initrd lies where the kernel cannot have it");
	loadvm_must(memcmp(loadvm_at(rd), v->bytes + 7, rdlen) == 0,
	    "another initrd");
	st.ops |= 1U << OP_INITRD;
}

static uint64_t
run(const uint8_t *data, size_t len)
{
	struct load_why why = { "" };
	struct load_linux l;
	struct loadvm *v;
	struct digest d;
	int rv;

	st.inputs++;
	digest_init(&d);
	build(len > 0 ? data[0] : 0);
	v = loadvm_begin(data, len, template, sizeof(template));
	l.kernel = v->file;
	l.initrd = v->initrd;
	l.cmdline = v->cmdline;
	rv = load_linux(&l, &v->vm, &why);
	loadvm_check(rv, &why, &d);
	if (rv == -1) {
		st.ops |= 1U << OP_REFUSED;
		return digest_value(&d);
	}
	st.accepted++;
	check(v);
	return digest_value(&d);
}

static void
stat(struct fuzz_stat *out)
{
	*out = st;
}

const struct fuzz_target fuzz_target = {
	.name = "bzimage",
	.shape = SHAPE_BYTES,
	.maxlen = 4096,
	.init = init,
	.run = run,
	.stat = stat,
	.deep = loadvm_deep,
};
