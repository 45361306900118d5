# The disk layer, its file store, the program on top of them, their tests.
FSPLAT		:= $(if $(filter Linux,$(shell uname -s)),linux,none)
may_filestore	:= disk base compat
may_image	:= filestore disk base compat
may_vmdisk	:= image filestore disk base compat
ZIP		:= -lz -lzstd -ldeflate
# MSan does not see into libraries: see ci/msan/zip.c.
ifneq ($(filter msan,$(FLAVOUR))$(filter servicememory,$(FLAVOUR)$(SANITIZER)),)
ZIPWRAP		:= $(B)/ci/msan/zip.o
ZIP		:= $(ZIPWRAP) $(patsubst %,-Wl$(comma)--wrap=%,inflate inflateInit2_ \
		   inflateReset deflate deflateInit2_ deflateReset \
		   libdeflate_deflate_decompress_ex ZSTD_compress2 \
		   ZSTD_decompressDCtx) $(ZIP)
$(ZIPWRAP): ci/msan/zip.c
	@mkdir -p $(@D)
	$(HCC) $(BASECF) $(HINSTR) -MMD -MP -c -o $@ $<
endif

FSOBJS := $(B)/src/filestore/filestore.o $(B)/src/filestore/filestore_$(FSPLAT).o
$(B)/src/filestore/%.o: src/filestore/%.c
	@mkdir -p $(@D)
	$(CC) $(BASECF) $(HINSTR) $(call inc,filestore $(may_filestore)) -MMD -MP -c -o $@ $<
$(call lib,filestore): $(FSOBJS)
	@mkdir -p $(@D)
	@rm -f $@
	$(AR) rcs $@ $^
ALLLIBS += $(call lib,filestore)

IMAGEOBJS := $(patsubst %.c,$(B)/%.o,$(wildcard src/image/*.c))
$(B)/src/image/%.o: src/image/%.c
	@mkdir -p $(@D)
	$(CC) $(BASECF) $(HINSTR) $(call inc,image $(may_image)) -MMD -MP -c -o $@ $<
$(call lib,image): $(IMAGEOBJS)
	@mkdir -p $(@D)
	@rm -f $@
	$(AR) rcs $@ $^
ALLLIBS += $(call lib,image)

VMDISKOBJS := $(patsubst %.c,$(B)/%.o,$(filter-out src/vmdisk/bench_%,$(wildcard src/vmdisk/*.c)))
$(B)/src/vmdisk/%.o: src/vmdisk/%.c
	@mkdir -p $(@D)
	$(CC) $(BASECF) $(HINSTR) $(call inc,vmdisk $(may_vmdisk)) -MMD -MP -c -o $@ $<
VMDISKLIBS := $(foreach l,image filestore disk base,$(call lib,$(l)))
$(B)/vmdisk: $(VMDISKOBJS) $(VMDISKLIBS) $(ZIPWRAP)
	$(CC) $(LINKF) -o $@ $(VMDISKOBJS) $(VMDISKLIBS) $(ZIP) -ljansson -lpthread
$(B)/bench_disk: $(B)/src/vmdisk/bench_disk.o $(VMDISKLIBS)
	$(CC) $(LINKF) -o $@ $< $(VMDISKLIBS) $(ZIP) -lpthread

DISKTESTS := test_bstore test_raw test_alloc test_qcow2 test_hostile \
	     test_prog test_sweep test_convert test_check test_zip test_packed test_order test_snap \
	     test_variants test_judge test_header test_create test_entry test_map
DISKTESTS := $(foreach t,$(DISKTESTS),$(if $(wildcard src/disk/$(t).c),src/disk/$(t)))
TESTS += $(DISKTESTS)
$(foreach t,$(DISKTESTS),$(eval libs_$(t) := sim filestore disk base) \
    $(eval extra_$(t) := $(ZIP)))
$(addprefix $(B)/,$(DISKTESTS) src/diskblk/test_diskblk): $(ZIPWRAP)
# The sweep makes each allocation of the layer fail once.
extra_src/disk/test_sweep += -Wl,--wrap=malloc,--wrap=calloc \
    -Wl,--wrap=realloc,--wrap=free
# The libraries fail to make what they work with, and count what comes back.
extra_src/disk/test_zip += -Wl,--wrap=libdeflate_alloc_decompressor \
    -Wl,--wrap=ZSTD_createDCtx,--wrap=ZSTD_createCCtx \
    -Wl,--wrap=inflateEnd,--wrap=deflateEnd,--wrap=free \
    -Wl,--wrap=libdeflate_free_decompressor \
    -Wl,--wrap=ZSTD_freeDCtx,--wrap=ZSTD_freeCCtx

.PHONY: vmdisk disk-judge disk-variants disk-bench disk-e2e disk-corpus
vmdisk: $(B)/vmdisk
all: vmdisk
# 2,000 programs, 500 of them cut, with qemu-img and qemu-io as judges.
disk-judge: $(B)/src/disk/test_judge
	DISK_PROGRAMS=2000 $<
# Every product of the options of qemu-img create and convert: 3,000 images.
disk-variants: $(B)/src/disk/test_variants
	DISK_VARIANTS=1 $<
disk-bench: $(B)/vmdisk $(B)/bench_disk
	ci/disk-bench $(B)/vmdisk $(B)/bench_disk
disk-e2e: $(B)/vmdisk
	ci/disk-e2e $(B)/vmdisk
disk-corpus: $(B)/fuzz/seedimage
	ci/make-disk-corpus $< corpus
