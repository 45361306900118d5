#!/bin/sh
# Tests of the program vmtrace.  VMTRACE says which one; the last line counts
# the cases like the other test programs do.
V=${VMTRACE:-build/cc-plain/replay/vmtrace}
case $V in /*) ;; *) V=$(pwd)/$V ;; esac
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
cases=0 bad=0

# Names the case that follows.
t() {
	name=$*
	cases=$((cases + 1))
}
wrong() {
	echo "[  FAILED  ] $name: $*"
	bad=$((bad + 1))
}
# Expects an exit status of a command; its output is in out and err.
ends() {
	want=$1
	shift
	"$@" >out 2>err </dev/null
	got=$?
	[ "$got" -eq "$want" ] || wrong "exit $got, not $want: $*: $(cat err)"
}
says() {
	grep -q -- "$2" "$1" || wrong "$1 has no '$2': $(head -3 "$1")"
}
is() {
	printf '%s\n' "$2" | cmp -s - "$1" || wrong "$1 is: $(cat "$1")"
}
# The folder has these files besides out and err, and no others.
only() {
	have=$(ls -A | grep -v -e '^out$' -e '^err$' | tr '\n' ' ')
	[ "$have" = "$* " ] || wrong "files: $have"
}

cat >blk.txt <<'END'
conf vioblk capacity 64 serial "disk"
setup features=0xffffffffffff
chain 0 kick [01000000 00000000 02000000 00000000] r16 r512 w1
chain 0 kick [00000000 00000000 02000000 00000000] r16 w512 w1
chain 0 kick indirect [08000000 00000000 00000000 00000000] r16 w20 w1
msg read common device_status 1
msg read device 0x0 8
time 1000000
chain 0 kick [04000000 00000000 00000000 00000000] r16 w1
END

t "help, version and usage"
ends 0 "$V" --help
says out "usage: vmtrace command"
ends 0 "$V" --version
says out "^vmtrace [0-9.]*, trace version 1$"
ends 2 "$V"
ends 2 "$V" fly
says err "no command 'fly'; vmtrace --help lists them"
for c in show replay seed shrink diff stat build pcap; do
	ends 0 "$V" $c --help
	says out "usage: vmtrace $c"
	ends 2 "$V" $c
	says err "^usage: vmtrace $c"
	ends 2 "$V" $c --unknown a b
done

t "a text becomes a trace, and the same text again"
ends 0 "$V" build blk.txt blk
ends 0 "$V" show --plain blk
cp out again.txt
ends 0 "$V" build again.txt again
cmp -s blk again || wrong "another trace"
cmp -s blk.txt again.txt || wrong "another text"

t "show says what things mean"
ends 0 "$V" show blk
says out "# OUT sector 2$"
says out "# SIZE_MAX SEG_MAX"

t "standard input and output"
"$V" build - - <blk.txt >piped || wrong "exit $?"
cmp -s blk piped || wrong "another trace"
"$V" show --plain - <blk >shown || wrong "exit $?"
cmp -s shown blk.txt || wrong "another text"
rm piped shown

# MSan does not see what the JSON library stores.
case $V in *msan*) ;; *)
t "show --json prints objects that can be read"
ends 0 "$V" show --json blk
[ "$(wc -l <out)" -eq 9 ] || wrong "$(wc -l <out) lines"
says out '^{"record":3,"offset":[0-9]*,"type":"chain","queue":0,"flags":1,'
says out '"type":"conf","device":"vioblk","values":{"capacity":64,"serial":'
;; esac

t "an input runs in the simulator, the same each time"
ends 0 "$V" replay blk
says out "^blk: ok, [0-9]* messages, 4 requests done, digest "
cp out first
ends 0 "$V" replay blk
cmp -s out first || wrong "another digest"
rm first

t "an input becomes a recording that plays"
ends 0 "$V" seed --expand blk rec
ends 0 "$V" replay rec
says out "^rec: ok, .* loads, .* expectations, .* marks$"

t "a recording becomes an input that does the same requests"
ends 0 "$V" seed rec seed
ends 0 "$V" replay seed
says out " 4 requests done, "
ends 0 "$V" show --plain seed
[ "$(grep -c '^chain 0 kick' out)" -eq 4 ] || wrong "chains: $(cat out)"
[ "$(grep -c '^setup' out)" -eq 1 ] || wrong "set-ups: $(cat out)"

t "wrong kind of trace for seed"
ends 1 "$V" seed blk x
is err "vmtrace: blk: is an input already; --expand makes a recording of it"
ends 1 "$V" seed --expand rec x
is err "vmtrace: rec: is a recording already"
printf 'conf vioblk capacity 8\nreload\nstate [00]\n' >state.txt
ends 0 "$V" build state.txt state
ends 1 "$V" seed --expand state x
is err "vmtrace: state: offset 43: a recording cannot say STATE"
printf 'conf vioblk capacity 8\nsetup\nreload\nchain 0 kick r1 w1\n' >state.txt
ends 0 "$V" build state.txt state
ends 0 "$V" seed --expand state state2
ends 0 "$V" replay state2
rm state state2 state.txt

t "a recording shows and builds to the same bytes"
ends 0 "$V" show rec
cp out rec.txt
ends 0 "$V" build rec.txt rec2
cmp -s rec rec2 || wrong "another trace"
ends 0 "$V" diff rec rec2
says out "^the same [0-9]* records$"

t "the first difference, with both values and the cause"
sed 's/# status OK/&/; s/expect reply 1 0xf /expect reply 1 0x7 /' rec.txt \
    >other.txt
ends 0 "$V" build other.txt other
ends 1 "$V" replay other
says err "^vmtrace: other: offset [0-9]*: record [0-9]* differs: recorded "
says err "recorded expect reply 1 0x7, now expect reply 1 0xf (caused by "
says err "msg read common device_status 1)$"
[ "$(wc -l <err)" -eq 1 ] || wrong "more than a line"
ends 1 "$V" diff rec other
says out "^record [0-9]* differs, in message [0-9]*$"
says out "^  rec: expect reply 1 0xf$"
says out "^  other: expect reply 1 0x7$"
says out "^  byte 5 of the body: 0x0f and 0x07$"

t "a shorter trace differs where it ends"
head -n 20 rec.txt >short.txt
ends 0 "$V" build short.txt short
ends 1 "$V" diff rec short
says out "^  short: nothing more$"
rm short.txt short

t "shrink keeps the difference"
ends 0 "$V" shrink other small
says err "it still fails: expect reply 1 0x7, now expect reply 1 0xf$"
ends 1 "$V" replay small
says err "recorded expect reply 1 0x7, now expect reply 1 0xf (caused by "
[ "$(wc -c <small)" -lt $(($(wc -c <other) / 3)) ] ||
    wrong "$(wc -c <other) to $(wc -c <small) bytes only"

t "what does not fail is not shrunk"
ends 1 "$V" shrink rec x
is err "vmtrace: rec: does not fail, nothing to keep"
ends 1 "$V" shrink blk x
ends 2 "$V" shrink --seconds none blk x

t "stat counts"
ends 0 "$V" stat rec
says out "^rec: vioblk, a recording, "
says out "^request   OUT  *1$"
says out "^request   FLUSH  *1$"
says out "^message   write "
says out "^expect    blk  *3$"
ends 0 "$V" stat blk
says out "^request   GET_ID  *1$"

t "a text that is wrong says line and column, and leaves nothing"
printf 'reload\nmsg fly\n' >bad.txt
rm -f x
ends 1 "$V" build bad.txt x
is err "vmtrace: bad.txt: line 2, column 5: want a message such as read, \
write or kick, not 'fly'"
[ ! -e x ] || wrong "there is an output"

t "an output that is there stays when it goes wrong"
echo keep >x
ends 1 "$V" build bad.txt x
[ "$(cat x)" = keep ] || wrong "it is lost"
rm x

t "a damaged trace says offset and reason"
head -c 20 blk >cut
printf '\377\0\0\0' >>cut
head -c 16 blk >bad
printf '\377\0\0\0' >>bad
ends 1 "$V" show bad
is err "vmtrace: bad: offset 16: unknown record type (for a fuzzing input say \
--fold)"
printf 'VMDTRACE\2\0\0\0\0\0\0\0' >bad
ends 1 "$V" replay bad
is err "vmtrace: bad: offset 8: trace version is not 1 (for a fuzzing input say --fold)"
rm cut bad

t "a cut trace is shown and played up to its last whole record"
head -c $(($(wc -c <rec) - 5)) rec >cut
ends 0 "$V" show cut
says err "^vmtrace: cut: offset [0-9]*: the last record is cut off; shown up"
ends 0 "$V" replay cut
rm cut

t "any bytes are an input"
head -c 3000 "$V" >noise
ends 1 "$V" show noise
says err "^vmtrace: noise: offset 0: not a trace.*say --fold"
ends 0 "$V" show --fold noise
ends 0 "$V" stat --fold noise
ends 1 "$V" replay --fold noise
says err "^vmtrace: noise: names no device; --device says which (viornd, vio"
ends 0 "$V" replay --fold --device viornd noise
ends 1 "$V" replay --fold --device toaster noise
says err "^vmtrace: noise: no device 'toaster' (viornd, "
ends 0 "$V" show --fold --plain blk
cmp -s out blk.txt || wrong "fold reads it in another way"
rm noise

t "guest memory that nobody has"
printf 'conf vioblk capacity 1\nmap 0+0x7fffffffffffffff\nmark 0\n' >huge.txt
ends 0 "$V" build huge.txt huge
ends 1 "$V" replay huge
says err "^vmtrace: huge: offset [0-9]*: guest memory of more than 64 GiB$"
rm huge.txt huge

t "attach values that the device refuses"
printf 'conf vioblk\nmark 0\n' >none.txt
ends 0 "$V" build none.txt none
ends 1 "$V" replay none
is err "vmtrace: none: the device refuses these attach values"
rm none.txt none

t "files that are not there, folders that are not there"
ends 1 "$V" show nothing
is err "vmtrace: nothing: No such file or directory"
ends 1 "$V" build blk.txt nowhere/x
is err "vmtrace: nowhere/x: No such file or directory"
mkdir folder
ends 1 "$V" build blk.txt folder
rmdir folder || wrong "folder was touched"

t "a write that fails leaves nothing behind"
mkdir full
(ulimit -f 0; exec "$V" build blk.txt full/x) 2>&1 |
    grep ^vmtrace: >out # coverage builds complain, too
is out "vmtrace: full/x: File too large"
rmdir full || wrong "left: $(ls -A full)"

cat >net.txt <<'END'
conf vionet mac [020000000001]
setup features=0x0
chain 0 kick w1526
msg input 0 [ffffffff ffff0200 00000007 08060001 08000604 00010200 00000007
	64400102 00000000 00006440 0103]
fault tx skip=1
chain 1 [00000000 00000000 00000000 02000000 00070200 00000001 88b5] r32
chain 1 kick [00000000 00000000 00000000 02000000 00070200 00000001 88b5] r32
END

t "show: DHCP in words"
zeros() {
	printf "%0$((2 * $1))d" 0
}
cat >dhcp.txt <<END
conf vionet
msg input 0 [ffffffffffff 0200000000aa 0800 45000148 00000000 401179a6
	00000000 ffffffff 00440043 01340000 01010600 8036285f $(zeros 20)
	0200000000aa $(zeros 202) 63825363 350103 320464400103 ff $(zeros 50)]
END
ends 0 "$V" build dhcp.txt dhcp
ends 0 "$V" show dhcp
says out '# dhcp REQUEST xid 0x8036285f from 02:00:00:00:00:aa wants 100.64.1.3$'
rm -f dhcp dhcp.txt

t "pcap: frames in words"
ends 0 "$V" build net.txt net
ends 1 "$V" pcap --text net
says err "net: is an input; vmtrace seed --expand makes a recording of it"
ends 0 "$V" seed --expand net net.rec
ends 0 "$V" replay net.rec
ends 0 "$V" pcap --text net.rec
says out "^0.000000000 in  0 arp who has 100.64.1.3 tell 100.64.1.2, 42 bytes$"
says out "^0.000000000 out 1 type 0x88b5 .*, 20 bytes$"
says out "20 bytes, lost$"
ends 0 "$V" show net.rec
says out "# arp who has"
says out "# header"
ends 1 "$V" pcap rec x
says err "rec: is of vioblk, which has no frames"
ends 2 "$V" pcap net.rec

# Whoever is here says what he thinks of the file; our own eyes are always.
t "pcap: a file for others"
ends 0 "$V" pcap net.rec net.pcapng
od -An -tx1 -N 12 net.pcapng | tr -d ' \n' >out
echo >>out
is out 0a0d0d0a1c0000004d3c2b1a
[ "$(($(wc -c <net.pcapng) % 4))" -eq 0 ] || wrong "blocks are not whole"
if command -v tshark >/dev/null; then
	tshark -r net.pcapng -T fields -e frame.len -e frame.packet_flags \
	    >out 2>err || wrong "tshark: $(cat err)"
	is out "42	0x00000001
20	0x00000002
20	0x00000002"
elif command -v tcpdump >/dev/null; then
	tcpdump -nr net.pcapng >out 2>err || wrong "tcpdump: $(cat err)"
	says out "ARP, Request who-has 100.64.1.3 tell 100.64.1.2"
fi
rm -f net net.txt net.rec net.pcapng

t "a signal leaves nothing behind"
mkdir sig
awk '{ a[NR] = $0 }
    END { for (n = 0; n < 20000; n++) for (i = 1; i <= NR; i++) print a[i] }' \
    blk.txt >big.txt
for pause in 0.01 0.02 0.03 0.04 0.05 0.06 0.08 0.1; do
	"$V" build big.txt sig/x 2>/dev/null &
	sleep $pause
	kill -TERM $! 2>/dev/null
	wait $! 2>/dev/null
	[ "$(ls -A sig)" = x ] || [ -z "$(ls -A sig)" ] ||
	    wrong "left: $(ls -A sig)"
done
rm -rf sig big.txt

# A reader that sleeps makes the work last longer than two seconds.
t "progress is shown to a terminal, to nothing else"
{
	echo "conf viornd qsize 4"
	i=0
	while [ $i -lt 4000 ]; do
		i=$((i + 1))
		echo "poke 0x1000 [00112233 44556677 8899aabb ccddeeff]"
	done
} >long.txt
ends 0 "$V" build long.txt long
if script -qec true /dev/null >/dev/null 2>&1; then
	script -qec "'$V' show long | (sleep 3; cat >shown)" /dev/null \
	    >screen 2>&1 </dev/null
	says screen "records: [1-9][0-9]*   "
	[ "$(wc -l <shown)" -eq 4001 ] || wrong "$(wc -l <shown) lines shown"
	rm -f screen shown
fi
"$V" show long 2>err | (sleep 3; cat >/dev/null)
[ ! -s err ] || wrong "progress without a terminal: $(cat err)"
rm -f long.txt long

t "nothing else was left behind"
only again again.txt bad.txt blk blk.txt other other.txt rec rec.txt rec2 \
    seed small

if [ "$bad" -gt 0 ]; then
	echo "[  FAILED  ] $bad check(s) in $cases test(s)."
	exit 1
fi
echo "[  PASSED  ] $cases test(s)."
