#!/bin/sh
# Each allocation of vmtrace fails in turn, for each command: it ends with
# exit 1 and one line, and leaves no output.  An allocation that the C library
# can do without (a buffer of stdio) may also change nothing at all.
V=${VMTRACE:-build/cc-plain/replay/vmtrace}
case $V in /*) ;; *) V=$(pwd)/$V ;; esac
src=$(pwd)/replay/shim/malloc.c
case $V in
*-[amt]san/replay/vmtrace|*-fuzz/replay/vmtrace|*-cov/replay/vmtrace)
	# A sanitizer brings an allocator of its own, coverage allocates at
	# the end.
	echo "[  PASSED  ] 1 test(s)."
	exit 0 ;;
esac
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
${CC:-cc} -shared -fPIC -O1 -o fail.so "$src" -ldl || exit 1
cases=0 bad=0 failed=0

cat >text <<'END'
conf vioblk capacity 64 serial "disk"
setup features=0xffffffffffff
chain 0 kick [01000000 00000000 02000000 00000000] r16 r512 w1
chain 0 kick [00000000 00000000 02000000 00000000] r16 w512 w1
END
"$V" build text input && "$V" seed --expand input rec || exit 1
"$V" show --plain rec | sed 's/expect irq 1/expect irq 0/' >other.txt
"$V" build other.txt other || exit 1

wrong()
{
	echo "[  FAILED  ] $what, allocation $n: $*"
	bad=$((bad + 1))
}

# sweep NORMAL COMMAND ...: NORMAL is its exit status when nothing fails.
sweep()
{
	normal=$1
	shift
	what=$*
	cases=$((cases + 1))
	n=1
	while [ $n -le 3000 ]; do
		rm -f mark x
		FAIL_AT=$n FAIL_MARK=mark LD_PRELOAD=./fail.so \
		    timeout 60 "$V" "$@" >out 2>err </dev/null
		got=$?
		[ -f mark ] || break
		failed=$((failed + 1))
		if [ $got -eq 1 ]; then
			[ "$(wc -l <err)" -eq 1 ] || [ "$normal" -eq 1 ] ||
			    wrong "$(wc -l <err) lines: $(head -n 3 err)"
			[ ! -e x ] || wrong "there is an output"
		elif [ $got -ne "$normal" ]; then
			wrong "exit $got: $(head -n 3 err)"
		fi
		n=$((n + 1))
	done
	[ $n -gt 1 ] || wrong "nothing was allocated"
	for f in .[!.]* *.tmp* x.*; do
		[ ! -e "$f" ] || wrong "left behind: $f"
	done
}

sweep 0 show input
sweep 0 show --json rec
sweep 0 replay input
sweep 0 replay rec
sweep 1 replay other
sweep 0 seed rec x
sweep 0 seed --expand input x
sweep 1 diff rec other
sweep 0 stat rec
sweep 0 build text x
sweep 0 shrink other x

echo "$failed allocations failed"
if [ "$bad" -gt 0 ]; then
	echo "[  FAILED  ] $bad check(s) in $cases test(s)."
	exit 1
fi
echo "[  PASSED  ] $cases test(s)."
