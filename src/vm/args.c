#include "args.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nicarg.h"
#include "opener.h"

#define DEFAULT_SIZE	(512ULL << 20)
#define DEFAULT_ROOM	(64ULL << 20)
#define DEFAULT_MARKS	1000
#define MAXDISKS	16
#define MAXNICS		8

const char args_help[] =
"usage: vmd-vm [-Dhv] [-a text] [-B order] [-b file] [-c console] [-d disk]\n"
"              [-e engine] [-I number] [-i file] [-k file] [-m size]\n"
"              [-N nic] [-n name] [-P program] [-R recording] [-r file]\n"
"              [-t commands]\n"
"       vmd-vm -C fd\n"
"\n"
"  -a text       command line of the kernel\n"
"  -B order      what firmware boots: auto, disk, cd or net\n"
"  -b file       firmware (SeaBIOS of the system)\n"
"  -C fd         take the configuration from a channel\n"
"  -c console    stdio, pty or none (stdio)\n"
"  -D            show what firmware says for its debuggers\n"
"  -d disk       file[,format=raw|qcow2][,ro][,ephemeral][,scsi]\n"
"                [,serial=text][,anybase]\n"
"  -e engine     native or qtest (native)\n"
"  -h, --help    this text\n"
"  -I number     of the machine, for its local addresses (1)\n"
"  -i file       initrd of the kernel\n"
"  -k file       kernel instead of firmware\n"
"  -m size       memory, in MiB or with M or G behind it (512)\n"
"  -N nic        [tap][,local][,bridge=name][,lladdr=mac][,locked]\n"
"                [,mtu=bytes][,queues=pairs][,qsize=n][,offload]\n"
"  -n name       name of the machine (vm)\n"
"  -P program    the program of a device's process\n"
"  -R recording  folder[,keep=all|digests|bytes][,room=MiB]\n"
"                [,device=name]\n"
"  -r file       CD\n"
"  -t commands   qtest: - or unix:path or a file\n"
"  -v            say more; twice, much more\n";

/* Firmware where systems have it. */
static const char *const firmware[] = {
	"/usr/share/seabios/bios.bin",
	"/etc/firmware/vmm-bios",
	"/usr/share/qemu/bios.bin",
};

struct disk_arg {
	struct opener_conf	 o;
	const char		*serial;
	int			 scsi;
	int			 cd;
	char			 text[VMMSG_MAXPATH + 1];
};

struct parse {
	struct args		*args;
	struct cfg		*cfg;
	struct cfg_why		*why;
	struct vmmsg_vm		 vm;
	const char		*kernel, *initrd, *firmware, *append;
	char			 record[VMMSG_MAXPATH + 1];
	const char		*only;		/* record this device */
	int			 recorded;
	struct devmsg_record	 how;
	struct disk_arg		 disk[MAXDISKS];
	unsigned		 ndisks;
	struct nicarg		 nic[MAXNICS];
	unsigned		 nnics;
	uint32_t		 machine;
};

static int refuse(struct parse *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

static int
refuse(struct parse *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->why->text, sizeof(p->why->text), fmt, ap);
	va_end(ap);
	return -1;
}

static int
copy(struct parse *p, char *to, size_t cap, const char *from,
    const char *what)
{
	if (strlen(from) >= cap)
		return refuse(p, "%s: more than %zu bytes", what, cap - 1);
	memcpy(to, from, strlen(from) + 1);
	return 0;
}

/* ------------------------------------------------------------------ options */
static int
number(const char *s, uint64_t *v)
{
	char *end;

	errno = 0;
	*v = strtoull(s, &end, 10);
	return s[0] < '0' || s[0] > '9' || *end != '\0' || errno != 0 ? -1 :
	    0;
}

static int
take_size(struct parse *p, const char *s)
{
	size_t n = strlen(s);
	char digits[24];
	uint64_t v, unit = 1;

	if (n > 0 && n < sizeof(digits)) {
		memcpy(digits, s, n + 1);
		if (strchr("gG", digits[n - 1]) != NULL)
			unit = 1024;
		if (strchr("mMgG", digits[n - 1]) != NULL)
			digits[n - 1] = '\0';
		if (number(digits, &v) == 0 && v > 0 && v < 1U << 24) {
			p->vm.size = v * unit << 20;
			return 0;
		}
	}
	return refuse(p, "-m %s: not a size: say 512M or 4G", s);
}

static int
take_word(struct parse *p, char opt, const char *s,
    const char *const *words, uint8_t *v)
{
	unsigned i;

	for (i = 0; words[i] != NULL; i++) {
		if (strcmp(words[i], s) == 0) {
			*v = (uint8_t)i;
			return 0;
		}
	}
	return refuse(p, "-%c %s: not one of those that --help lists", opt,
	    s);
}

/* One property of a disk behind its name. */
static int
disk_property(struct parse *p, struct disk_arg *d, const char *s)
{
	if (strcmp(s, "ro") == 0)
		d->o.readonly = 1;
	else if (strcmp(s, "ephemeral") == 0)
		d->o.ephemeral = 1;
	else if (strcmp(s, "scsi") == 0)
		d->scsi = 1;
	else if (strcmp(s, "anybase") == 0)
		d->o.anybase = 1;
	else if (strcmp(s, "format=raw") == 0)
		d->o.format = DISK_RAW;
	else if (strcmp(s, "format=qcow2") == 0)
		d->o.format = DISK_QCOW2;
	else if (strncmp(s, "serial=", 7) == 0)
		d->serial = s + 7;
	else
		return refuse(p, "-d %s: not a property of a disk: see "
		    "--help", s);
	return 0;
}

static int
take_disk(struct parse *p, const char *s, int cd)
{
	struct disk_arg *d = &p->disk[p->ndisks];
	char *at;

	if (p->ndisks == MAXDISKS)
		return refuse(p, "more than %d disks", MAXDISKS);
	if (copy(p, d->text, sizeof(d->text), s, s) == -1)
		return -1;
	d->o.path = d->text;
	d->cd = cd;
	if (cd) {
		d->o.format = DISK_RAW;
		d->o.readonly = 1;
	} else {
		for (at = strchr(d->text, ','); at != NULL;) {
			*at++ = '\0';
			s = at;
			at = strchr(at, ',');
			if (at != NULL)
				*at = '\0';
			if (disk_property(p, d, s) == -1)
				return -1;
			if (at == NULL)
				break;
		}
	}
	p->ndisks++;
	return 0;
}

static int
record_property(struct parse *p, const char *s)
{
	uint64_t v;

	if (strcmp(s, "keep=all") == 0)
		p->how.keep = UINT64_MAX;
	else if (strcmp(s, "keep=digests") == 0)
		p->how.keep = 0;
	else if (strncmp(s, "keep=", 5) == 0 && number(s + 5, &v) == 0)
		p->how.keep = v;
	else if (strncmp(s, "room=", 5) == 0 && number(s + 5, &v) == 0 &&
	    v > 0 && v < 1U << 20)
		p->how.room = v << 20;
	else if (strncmp(s, "device=", 7) == 0)
		p->only = s + 7;
	else
		return refuse(p, "-R %s: not a property of a recording: see "
		    "--help", s);
	return 0;
}

static int
take_record(struct parse *p, const char *arg)
{
	char *s, *next;

	if (copy(p, p->record, sizeof(p->record), arg, "-R") == -1)
		return -1;
	p->how.room = DEFAULT_ROOM;
	p->how.keep = UINT64_MAX;
	p->how.marks = DEFAULT_MARKS;
	for (s = strchr(p->record, ','); s != NULL; s = next) {
		*s++ = '\0';
		next = strchr(s, ',');
		if (next != NULL)
			*next = '\0';
		if (record_property(p, s) == -1)
			return -1;
	}
	return 0;
}

static int
take_channel(struct parse *p, const char *s)
{
	uint64_t v;

	if (number(s, &v) == -1 || v > 65535 ||
	    fcntl((int)v, F_GETFD) == -1)
		return refuse(p, "-C %s: not an open descriptor", s);
	p->args->channel = (int)v;
	return 0;
}

static int
take_nic(struct parse *p, const char *s)
{
	if (p->nnics == MAXNICS)
		return refuse(p, "more than %d network cards", MAXNICS);
	return nicarg_take(&p->nic[p->nnics++], s, p->why);
}

static int
take_machine(struct parse *p, const char *s)
{
	uint64_t v;

	if (number(s, &v) == -1 || v > UINT32_MAX)
		return refuse(p, "-I %.40s: not a number", s);
	p->machine = (uint32_t)v;
	return 0;
}

/* What the machine has. */
static int
device_option(struct parse *p, int opt, const char *arg)
{
	switch (opt) {
	case 'd':
		return take_disk(p, arg, 0);
	case 'I':
		return take_machine(p, arg);
	case 'N':
		return take_nic(p, arg);
	case 'R':
		return take_record(p, arg);
	case 'r':
		return take_disk(p, arg, 1);
	default:
		p->vm.verbose++;
		return 0;
	}
}

static int
option(struct parse *p, int opt, const char *arg)
{
	static const char *const engines[] = { "native", "qtest", NULL };
	static const char *const orders[] = { "auto", "disk", "cd", "net",
	    NULL };
	static const char *const consoles[] = { "stdio", "pty", "none",
	    NULL };
	uint8_t dummy;

	switch (opt) {
	case 'a':
		p->append = arg;
		return 0;
	case 'B':
		return take_word(p, 'B', arg, orders, &p->vm.order);
	case 'b':
		p->firmware = arg;
		return 0;
	case 'C':
		return take_channel(p, arg);
	case 'c':
		p->args->console = arg;
		return take_word(p, 'c', arg, consoles, &dummy);
	case 'D':
		p->vm.debug = 1;
		return 0;
	case 'e':
		return take_word(p, 'e', arg, engines, &p->vm.engine);
	case 'i':
		p->initrd = arg;
		return 0;
	case 'k':
		p->kernel = arg;
		return 0;
	case 'm':
		return take_size(p, arg);
	case 'n':
		if (!devmsg_vm_ok(arg))
			return refuse(p, "-n %.80s: a name has 1 to %d "
			    "letters, digits, '.', '-' and '_'", arg,
			    DEVMSG_MAXVM);
		return copy(p, p->vm.name, sizeof(p->vm.name), arg, "-n");
	case 'P':
		return copy(p, p->vm.program, sizeof(p->vm.program), arg,
		    "-P");
	case 't':
		return copy(p, p->vm.commands, sizeof(p->vm.commands), arg,
		    "-t");
	default:
		return device_option(p, opt, arg);
	}
}

/* ----------------------------------------------------------------- messages */
static int
put(struct parse *p, uint32_t type, const void *body, size_t len, int fd)
{
	return cfg_take(p->cfg, type, body, len, fd, p->why);
}

static int
put_file(struct parse *p, uint32_t type, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd == -1)
		return refuse(p, "%s: %s", path, strerror(errno));
	return put(p, type, path, strlen(path), fd);
}

static int
put_vm(struct parse *p)
{
	static uint8_t body[4096];
	struct wbuf w;

	wb_init(&w, body, sizeof(body));
	vmmsg_put_vm(&w, &p->vm);
	return put(p, VMMSG_VM, body, w.len, -1);
}

static int
put_boot(struct parse *p)
{
	const char *bios = p->firmware;
	unsigned i;

	if (p->kernel == NULL && (p->initrd != NULL || p->append != NULL))
		return refuse(p, "-i and -a are for a kernel: name it with "
		    "-k");
	if (p->kernel != NULL && p->firmware != NULL)
		return refuse(p, "firmware (-b) or a kernel (-k), not both");
	if (p->kernel != NULL) {
		if (put_file(p, VMMSG_BOOT, p->kernel) == -1)
			return -1;
		if (p->initrd != NULL &&
		    put_file(p, VMMSG_INITRD, p->initrd) == -1)
			return -1;
		return p->append == NULL ? 0 : put(p, VMMSG_CMDLINE,
		    p->append, strlen(p->append), -1);
	}
	if (bios == NULL && p->vm.engine == VMMSG_QTEST)
		return 0;
	for (i = 0; bios == NULL && i < sizeof(firmware) /
	    sizeof(firmware[0]); i++) {
		if (access(firmware[i], R_OK) == 0)
			bios = firmware[i];
	}
	if (bios == NULL)
		return refuse(p, "%s: no firmware: install the package "
		    "seabios, or name one with -b", firmware[0]);
	return put_file(p, VMMSG_BOOT, bios);
}

static int
put_device(struct parse *p, const char *kind, const struct wbuf *conf)
{
	static uint8_t body[2048];
	struct vmmsg_device d;
	struct wbuf w;

	memset(&d, 0, sizeof(d));
	snprintf(d.kind, sizeof(d.kind), "%s", kind);
	if (conf != NULL) {
		memcpy(d.conf, conf->p, conf->len);
		d.conflen = conf->len;
	}
	wb_init(&w, body, sizeof(body));
	vmmsg_put_device(&w, &d);
	return put(p, VMMSG_DEVICE, body, w.len, -1);
}

/* The device that came last is recorded. */
static int
put_record(struct parse *p)
{
	struct cfg_device *d = &p->cfg->dev[p->cfg->ndevs - 1];
	static uint8_t body[2048];
	struct vmmsg_record r;
	char name[48];
	struct wbuf w;
	int fd, n;

	snprintf(name, sizeof(name), "%s%u", d->d.kind, d->index);
	if (p->record[0] == '\0' ||
	    (p->only != NULL && strcmp(p->only, name) != 0))
		return 0;
	p->recorded = 1;
	memset(&r, 0, sizeof(r));
	r.how = p->how;
	n = snprintf(r.path, sizeof(r.path), "%s/%s-%s.trace", p->record,
	    p->vm.name, name);
	if (n < 0 || (size_t)n >= sizeof(r.path))
		return refuse(p, "-R: the folder's name is too long");
	fd = open(r.path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd == -1)
		return refuse(p, "%.200s: %s", r.path, strerror(errno));
	wb_init(&w, body, sizeof(body));
	vmmsg_put_record(&w, &r);
	return put(p, VMMSG_RECORD, body, w.len, fd);
}

static int
put_images(struct parse *p, const struct opener_image *im)
{
	struct devmsg_image how;
	uint8_t body[8];
	struct wbuf w;
	unsigned i;

	for (i = 0; i < im->n; i++) {
		how.unit = 0;
		how.format = (uint8_t)im->file[i].format;
		how.readonly = i > 0 || im->readonly;
		wb_init(&w, body, sizeof(body));
		devmsg_put_image(&w, &how);
		if (put(p, VMMSG_IMAGE, body, w.len, im->file[i].fd) == -1)
			break;
	}
	if (i == im->n)
		return 0;
	/* Those behind the one that was refused are still ours. */
	for (i++; i < im->n; i++)
		close(im->file[i].fd);
	return -1;
}

static int
put_disk(struct parse *p, const struct disk_arg *d)
{
	int scsi = d->scsi || d->cd;
	struct opener_image im;
	struct disk_why why;
	uint8_t conf[128];
	struct wbuf w;

	wb_init(&w, conf, sizeof(conf));
	if (scsi)
		devconf_put_int(&w, DEVCONF_KIND, d->cd ? DEVCONF_CD :
		    DEVCONF_DISK);
	if (d->serial != NULL && (d->serial[0] == '\0' ||
	    strlen(d->serial) > 20))
		return refuse(p, "%s: a serial has 1 to 20 bytes", d->o.path);
	if (d->serial != NULL)
		devconf_put_bytes(&w, DEVCONF_SERIAL, d->serial,
		    strlen(d->serial));
	if (opener_open(&im, &d->o, &why) == -1)
		return refuse(p, "%s", why.text);
	if (put_device(p, scsi ? "vioscsi" : "vioblk", &w) == -1) {
		opener_close(&im);
		return -1;
	}
	if (put_images(p, &im) == -1)
		return -1;
	return put_record(p);
}

static int
put_nic(struct parse *p, struct nic_conf *c)
{
	struct tap_why why;
	struct nic n;
	struct wbuf w;

	c->machine = p->machine;
	c->hostname = p->vm.name;
	c->netboot = p->vm.order == VMMSG_NET;
	if (nic_open(&n, c, &why) == -1)
		return refuse(p, "%s", why.text);
	wb_init(&w, n.conf, sizeof(n.conf));
	w.len = n.conflen;
	if (put_device(p, "vionet", &w) == -1) {
		nic_close(&n);
		return -1;
	}
	if (put(p, VMMSG_TAP, NULL, 0, n.tap.fd) == -1)
		return -1;
	return put_record(p);
}

/* In vmd's order: entropy, network, disks, SCSI, vmmci. */
static int
put_devices(struct parse *p)
{
	unsigned i, scsi;

	if (put_device(p, "viornd", NULL) == -1)
		return -1;
	for (i = 0; i < p->nnics; i++) {
		p->nic[i].nic.index = i;
		if (put_nic(p, &p->nic[i].nic) == -1)
			return -1;
	}
	for (scsi = 0; scsi < 2; scsi++) {
		for (i = 0; i < p->ndisks; i++) {
			if ((p->disk[i].scsi || p->disk[i].cd) != (int)scsi)
				continue;
			if (put_disk(p, &p->disk[i]) == -1)
				return -1;
		}
	}
	if (p->only != NULL && !p->recorded)
		return refuse(p, "-R device=%.40s: the machine has no such "
		    "device with a process", p->only);
	return put_device(p, "vmmci", NULL);
}

/* Beside ourselves, unless somebody says where. */
static int
find_program(struct parse *p, const char *self)
{
	const char *slash = strrchr(self, '/');
	int n = slash == NULL ? 0 : (int)(slash - self) + 1;

	if (p->vm.program[0] != '\0')
		return 0;
	if (n > VMMSG_MAXPATH - 16)
		return refuse(p, "%.80s...: too long a name", self);
	snprintf(p->vm.program, sizeof(p->vm.program), "%.*svmd-device", n,
	    slash == NULL ? "" : self);
	if (slash == NULL)
		snprintf(p->vm.program, sizeof(p->vm.program),
		    "/usr/sbin/vmd-device");
	return 0;
}

enum args_result
args_take(struct args *a, struct cfg *c, int argc, char **argv,
    struct cfg_why *why, int *usage)
{
	static const struct option longopts[] = {
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	static struct parse p;
	int opt;

	memset(&p, 0, sizeof(p));
	p.args = a;
	p.cfg = c;
	p.why = why;
	p.vm.size = DEFAULT_SIZE;
	p.machine = 1;
	snprintf(p.vm.name, sizeof(p.vm.name), "vm");
	a->channel = -1;
	a->console = "stdio";
	*usage = 1;
	opterr = 0;
	while ((opt = getopt_long(argc, argv,
	    ":a:B:b:C:c:Dd:e:hI:i:k:m:N:n:P:R:r:t:v", longopts, NULL)) != -1) {
		if (opt == 'h')
			return ARGS_HELP;
		if (opt == ':' || opt == '?') {
			refuse(&p, "-%c%s", optopt, opt == ':' ?
			    " wants an argument" : ": no such option");
			return ARGS_BAD;
		}
		if (option(&p, opt, optarg) == -1)
			return ARGS_BAD;
	}
	if (optind < argc) {
		refuse(&p, "%.80s: not an option", argv[optind]);
		return ARGS_BAD;
	}
	*usage = 0;
	if (a->channel != -1)
		return ARGS_OK;
	if (find_program(&p, argv[0]) == -1 || put_vm(&p) == -1 ||
	    put_boot(&p) == -1 || put_devices(&p) == -1 ||
	    put(&p, VMMSG_GO, NULL, 0, -1) == -1)
		return ARGS_BAD;
	return ARGS_OK;
}
