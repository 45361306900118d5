# The disk layer, its file store and the program on top of them.
may_filestore	:= disk base compat
may_vmdisk	:= filestore disk base compat
ZIP		:= -lz -lzstd
