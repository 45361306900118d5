#include "file.h"

#include <sys/types.h>
#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

#define CHUNK		65536
#define GZIP_ONLY	(15 + 16)

static int
say(struct load_why *why, const char *text)
{
	snprintf(why->text, sizeof(why->text), "%s", text);
	return -1;
}

static int
read_fd(void *arg, uint64_t off, void *p, size_t len)
{
	struct file *f = arg;
	uint8_t *to = p;
	ssize_t n;

	while (len > 0) {
		n = pread(f->fd, to, len, (off_t)off);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		to += n;
		off += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static int
read_mem(void *arg, uint64_t off, void *p, size_t len)
{
	struct file *f = arg;

	memcpy(p, f->mem + off, len);
	return 0;
}

/* Room for more; the size doubles up to the limit. */
static int
grow(struct file *f, size_t *cap, struct load_why *why)
{
	size_t more = *cap == 0 ? 1U << 20 : *cap * 2;
	uint8_t *p;

	if (*cap == FILE_MAXUNPACKED)
		return say(why, "unpacked it is larger than 512 MiB");
	if (more > FILE_MAXUNPACKED)
		more = FILE_MAXUNPACKED;
	p = realloc(f->mem, more);
	if (p == NULL)
		return say(why, "no memory to unpack it");
	f->mem = p;
	*cap = more;
	return 0;
}

static int
inflate_all(struct file *f, z_stream *z, uint64_t size, struct load_why *why)
{
	uint8_t in[CHUNK];
	uint64_t off = 0;
	size_t cap = 0, n;
	int rv = Z_OK;

	while (rv != Z_STREAM_END) {
		if (z->avail_in == 0) {
			n = size - off < CHUNK ? (size_t)(size - off) : CHUNK;
			if (n == 0 || read_fd(f, off, in, n) == -1)
				return say(why, "the packed file is cut short");
			off += n;
			z->next_in = in;
			z->avail_in = (uInt)n;
		}
		if (z->total_out == cap) {
			if (grow(f, &cap, why) == -1)
				return -1;
			z->next_out = f->mem + z->total_out;
			z->avail_out = (uInt)(cap - z->total_out);
		}
		rv = inflate(z, Z_NO_FLUSH);
		if (rv != Z_OK && rv != Z_STREAM_END)
			return say(why, "the packed file is damaged");
	}
	f->src.size = z->total_out;
	return 0;
}

static int
unpack(struct file *f, struct load_why *why)
{
	z_stream z;
	int rv;

	memset(&z, 0, sizeof(z));
	if (inflateInit2(&z, GZIP_ONLY) != Z_OK)
		return say(why, "no memory to unpack it");
	rv = inflate_all(f, &z, f->src.size, why);
	inflateEnd(&z);
	if (rv == 0)
		f->src.read = read_mem;
	return rv;
}

int
file_raw(struct file *f, int fd, struct load_why *why)
{
	struct stat st;

	memset(f, 0, sizeof(*f));
	f->fd = fd;
	if (fstat(fd, &st) == -1)
		return say(why, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return say(why, "not a regular file");
	f->src.read = read_fd;
	f->src.arg = f;
	f->src.size = (uint64_t)st.st_size;
	return 0;
}

int
file_open(struct file *f, int fd, struct load_why *why)
{
	if (file_raw(f, fd, why) == -1)
		return -1;
	if (load_probe(&f->src) != LOAD_GZIP)
		return 0;
	if (unpack(f, why) == -1) {
		file_close(f);
		return -1;
	}
	return 0;
}

void
file_close(struct file *f)
{
	free(f->mem);
	f->mem = NULL;
}
