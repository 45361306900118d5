/* The engine of Linux: KVM without any of its interrupt chips and clocks. */
#if defined(__linux__) && defined(__x86_64__)
#include "plat_kvm.h"

#include <sys/ioctl.h>
#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NODE	"/dev/kvm"
#define KICK	SIGUSR1
/* Pages that some processors need, in the hole for devices. */
#define IDMAP	0xfeffc000UL
#define TSS	0xfeffd000UL

/* Its only effect is that KVM_RUN returns. */
static void
kicked(int sig)
{
	(void)sig;
}

static int
node_failed(struct plat_why *why)
{
	switch (errno) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return plat_fail(why, NODE ": %s: this machine has no "
		    "hardware virtualization, or the module kvm_intel or "
		    "kvm_amd is not loaded", strerror(errno));
	case EACCES:
	case EPERM:
		return plat_fail(why, NODE ": %s: run as root, or as a "
		    "member of the group that owns it", strerror(errno));
	case EBUSY:
		return plat_fail(why, NODE ": %s: another hypervisor uses "
		    "the processor", strerror(errno));
	default:
		return plat_fail(why, NODE ": %s", strerror(errno));
	}
}

static int
node_check(int fd, struct plat_why *why)
{
	if (ioctl(fd, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		return plat_fail(why, NODE ": not version %d of KVM's "
		    "interface: a newer kernel is needed", KVM_API_VERSION);
	if (ioctl(fd, KVM_CHECK_EXTENSION, KVM_CAP_USER_MEMORY) <= 0 ||
	    ioctl(fd, KVM_CHECK_EXTENSION, KVM_CAP_IMMEDIATE_EXIT) <= 0)
		return plat_fail(why, NODE ": too old: Linux 4.13 or newer "
		    "is needed");
	return 0;
}

/* Takes memory, a machine, its processor; what is there says how far. */
static int
make_vm(struct plat *p, int fd, struct plat_why *why)
{
	struct kvm_userspace_memory_region slot = { 0 };
	const struct gm_range *g;
	__u64 idmap = IDMAP;
	unsigned i;

	p->vm = ioctl(fd, KVM_CREATE_VM, 0);
	if (p->vm == -1)
		return node_failed(why);
	if (ioctl(fd, KVM_CHECK_EXTENSION, KVM_CAP_SET_IDENTITY_MAP_ADDR) > 0)
		ioctl(p->vm, KVM_SET_IDENTITY_MAP_ADDR, &idmap);
	if (ioctl(fd, KVM_CHECK_EXTENSION, KVM_CAP_SET_TSS_ADDR) > 0)
		ioctl(p->vm, KVM_SET_TSS_ADDR, TSS);
	for (i = 0; i < p->mem.gm.n; i++) {
		g = &p->mem.gm.range[i];
		slot.slot = i;
		slot.guest_phys_addr = g->gpa;
		slot.memory_size = g->len;
		slot.userspace_addr = (uintptr_t)g->hva;
		if (ioctl(p->vm, KVM_SET_USER_MEMORY_REGION, &slot) == -1)
			return plat_fail(why, NODE ": %" PRIu64 " bytes of "
			    "memory at 0x%" PRIx64 ": %s", g->len, g->gpa,
			    strerror(errno));
	}
	return 0;
}

static int
make_vcpu(struct plat *p, int fd, struct plat_why *why)
{
	void *m;
	int len;

	p->vcpu = ioctl(p->vm, KVM_CREATE_VCPU, 0);
	len = ioctl(fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (p->vcpu == -1 || len == -1)
		return plat_fail(why, NODE ": no processor: %s",
		    strerror(errno));
	m = mmap(NULL, (size_t)len, PROT_READ | PROT_WRITE, MAP_SHARED,
	    p->vcpu, 0);
	if (m == MAP_FAILED)
		return plat_fail(why, NODE ": the processor's page: %s",
		    strerror(errno));
	p->run = m;
	p->runlen = (size_t)len;
	return kvm_features(fd, p->vcpu, why);
}

static void
kvm_close(struct plat **pp)
{
	struct plat *p = *pp;

	if (p == NULL)
		return;
	if (p->run != NULL)
		munmap(p->run, p->runlen);
	if (p->vcpu != -1)
		close(p->vcpu);
	if (p->vm != -1)
		close(p->vm);
	mem_close(&p->mem);
	pthread_mutex_destroy(&p->lock);
	free(p);
	*pp = NULL;
}

static int
make(struct plat *p, const struct plat_conf *c, int fd, struct plat_why *why)
{
	if (node_check(fd, why) == -1 ||
	    mem_open(&p->mem, c, why) == -1 ||
	    make_vm(p, fd, why) == -1)
		return -1;
	return make_vcpu(p, fd, why);
}

static int
kvm_open(const struct plat_conf *c, struct plat **pp, struct plat_why *why)
{
	struct sigaction sa = { .sa_handler = kicked, .sa_flags = SA_RESTART };
	struct plat *p;
	int fd = c->fd, rv;

	*pp = NULL;
	if (fd == -1)
		fd = open(NODE, O_RDWR | O_CLOEXEC);
	if (fd == -1)
		return node_failed(why);
	p = calloc(1, sizeof(*p));
	if (p == NULL) {
		rv = plat_fail(why, NODE ": out of memory");
		goto out;
	}
	p->vm = p->vcpu = p->mem.share.fd = -1;
	pthread_mutex_init(&p->lock, NULL);
	sigemptyset(&sa.sa_mask);
	sigaction(KICK, &sa, NULL);
	rv = make(p, c, fd, why);
	if (rv == -1)
		kvm_close(&p);
	*pp = p;
out:
	if (fd != c->fd)
		close(fd);
	return rv;
}

static struct gmem *
kvm_map(struct plat *p)
{
	return &p->mem.gm;
}

static int
kvm_share(struct plat *p, struct share *s, struct plat_why *why)
{
	(void)why;
	*s = p->mem.share;
	return 0;
}

static void
error(struct plat *p, struct vm_exit *e, const char *what, uint64_t number)
{
	struct plat_why why;
	struct vcpu_regs r;

	if (kvm_getregs(p, &r, &why) == -1)
		memset(&r, 0, sizeof(r));
	snprintf(p->text, sizeof(p->text), "%s %" PRIu64 " at cs %x:%" PRIx64
	    ", cr0 %" PRIx64 ", efer %" PRIx64, what, number,
	    r.seg[VCPU_CS].sel, r.rip, r.cr0, r.efer);
	e->kind = VM_EXIT_ERROR;
	e->why = p->text;
}

/* Where the present element of a port access is. */
static uint8_t *
element(struct plat *p)
{
	return (uint8_t *)p->run + p->run->io.data_offset +
	    (size_t)p->done * p->run->io.size;
}

static void
exit_io(struct plat *p, struct vm_exit *e)
{
	e->kind = VM_EXIT_IO;
	e->write = p->run->io.direction == KVM_EXIT_IO_OUT;
	e->width = p->run->io.size;
	e->where = p->run->io.port;
	e->data = 0;
	if (e->write)
		memcpy(&e->data, element(p), e->width);
}

static void
exit_mmio(struct plat *p, struct vm_exit *e)
{
	e->kind = VM_EXIT_MMIO;
	e->write = p->run->mmio.is_write;
	e->width = (uint8_t)(p->run->mmio.len > 8 ? 8 : p->run->mmio.len);
	e->where = p->run->mmio.phys_addr;
	e->data = 0;
	if (e->write)
		memcpy(&e->data, p->run->mmio.data, e->width);
}

/* The answer to the last exit goes where KVM looks for it. */
static void
answer(struct plat *p, const struct vm_exit *e)
{
	if (e->kind == VM_EXIT_IO && !e->write)
		memcpy(element(p), &e->data, e->width);
	if (e->kind == VM_EXIT_MMIO && !e->write)
		memcpy(p->run->mmio.data, &e->data, e->width);
}

static void
decode(struct plat *p, struct plat_run *r)
{
	struct vm_exit *e = &r->exit;

	memset(e, 0, sizeof(*e));
	switch (p->run->exit_reason) {
	case KVM_EXIT_IO:
		p->done = 0;
		p->count = p->run->io.count;
		exit_io(p, e);
		/* Nothing goes in between two elements. */
		if (p->count > 1)
			r->ready = 0;
		break;
	case KVM_EXIT_MMIO:
		exit_mmio(p, e);
		break;
	case KVM_EXIT_HLT:
		e->kind = VM_EXIT_HALT;
		e->data = p->run->if_flag != 0;
		break;
	case KVM_EXIT_IRQ_WINDOW_OPEN:
		e->kind = VM_EXIT_WINDOW;
		break;
	case KVM_EXIT_SHUTDOWN:
		e->kind = VM_EXIT_RESET;
		break;
	case KVM_EXIT_INTR:
		e->kind = VM_EXIT_NONE;
		break;
	case KVM_EXIT_FAIL_ENTRY:
		error(p, e, "the processor refused the guest's state, reason",
		    p->run->fail_entry.hardware_entry_failure_reason);
		break;
	case KVM_EXIT_INTERNAL_ERROR:
		error(p, e, "KVM gave up (it cannot emulate an instruction, "
		    "most likely), reason", p->run->internal.suberror);
		break;
	default:
		error(p, e, "unexpected KVM exit", p->run->exit_reason);
		break;
	}
}

static int
enter(struct plat *p)
{
	int rv, saved;

	pthread_mutex_lock(&p->lock);
	p->thread = pthread_self();
	p->in_run = 1;
	pthread_mutex_unlock(&p->lock);
	rv = ioctl(p->vcpu, KVM_RUN, 0);
	saved = errno;
	pthread_mutex_lock(&p->lock);
	p->in_run = 0;
	p->run->immediate_exit = 0;
	pthread_mutex_unlock(&p->lock);
	errno = saved;
	return rv;
}

static int
inject(struct plat *p, struct plat_run *r)
{
	struct kvm_interrupt irq = { (uint32_t)r->inject };

	if (r->inject == -1)
		return 0;
	r->inject = -1;
	return ioctl(p->vcpu, KVM_INTERRUPT, &irq);
}

static void
kvm_run(struct plat *p, struct plat_run *r)
{
	answer(p, &r->exit);
	if (p->count > 1) {
		p->done++;
		p->count--;
		exit_io(p, &r->exit);
		return;
	}
	p->count = 0;
	if (inject(p, r) == -1) {
		error(p, &r->exit, "KVM_INTERRUPT, error", (uint64_t)errno);
		return;
	}
	p->run->request_interrupt_window = r->pending != 0;
	if (enter(p) == 0) {
		r->ready = p->run->ready_for_interrupt_injection != 0;
		decode(p, r);
	} else if (errno == EINTR || errno == EAGAIN) {
		r->ready = p->run->ready_for_interrupt_injection != 0;
		memset(&r->exit, 0, sizeof(r->exit));
	} else
		error(p, &r->exit, "KVM_RUN, error", (uint64_t)errno);
}

/* Nobody looks: the lines are the board's. */
static void
kvm_line(struct plat *p, unsigned irq, int level)
{
	(void)p;
	(void)irq;
	(void)level;
}

static void
kvm_kick(struct plat *p)
{
	pthread_mutex_lock(&p->lock);
	p->run->immediate_exit = 1;
	if (p->in_run)
		pthread_kill(p->thread, KICK);
	pthread_mutex_unlock(&p->lock);
}

const struct plat_ops plat_native = {
	.name = "kvm",
	.open = kvm_open,
	.map = kvm_map,
	.share = kvm_share,
	.run = kvm_run,
	.line = kvm_line,
	.setregs = kvm_setregs,
	.getregs = kvm_getregs,
	.kick = kvm_kick,
	.close = kvm_close,
};
#endif
