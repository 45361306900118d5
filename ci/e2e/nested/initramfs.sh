# Pieces of an initramfs; to be sourced.  K is the kernel's folder.

# tree ROOT: busybox and the places where things are mounted.
tree()
{
	mkdir -p "$1/bin" "$1/proc" "$1/sys" "$1/dev" "$1/tmp" "$1/mnt" \
	    "$1/lib64"
	cp "$(command -v busybox)" "$1/bin/busybox"
}

# put ROOT PROGRAM...: programs with the libraries that they want.
put()
{
	local root=$1 p f l
	shift
	for p in "$@"; do
		f=$(PATH=$PATH:/sbin:/usr/sbin command -v "$p") ||
		    { echo "$p is not there" >&2; return 1; }
		cp "$f" "$root/bin/"
		ldd "$f" 2>/dev/null | grep -o '/[^ ]*' | while read -r l; do
			mkdir -p "$root$(dirname "$l")"
			[ -f "$root$l" ] || cp -L "$l" "$root$l"
		done
	done
}

# modules ROOT NAME...: with what they depend on.
modules()
{
	local root=$1 v m f
	shift
	v=$(basename "$K"/lib/modules/*)
	for m in "$@"; do
		modprobe -d "$K" -S "$v" --show-depends "$m" 2>/dev/null |
		    awk '$1 == "insmod" { print $2 }'
	done | sort -u | while read -r f; do
		f=${f#"$K"}
		mkdir -p "$root$(dirname "$f")"
		cp "$K$f" "$root$f"
	done
	cp "$K/lib/modules/$v"/modules.builtin* \
	    "$K/lib/modules/$v"/modules.order "$root/lib/modules/$v/"
	depmod -b "$root" "$v"
}

# pack ROOT FILE
pack()
{
	(cd "$1" && find . | cpio -o -H newc 2>/dev/null | gzip -1) >"$2"
}
