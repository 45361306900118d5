# Cases of ci/e2e/vm about guests that mean no good.  HOSTILE is for how many
# seconds, SEED what the first one begins with.

# A machine of somebody else's, again and again as long as the file is there.
neighbour()
{
	local n=0
	mkdir -p next
	while [ -f go ]; do
		cp "$b/e2e/boot.bin" next/n.img
		truncate -s 4M next/n.img
		timeout --foreground -k 5 300 ./vmd-vm -n next -m 64 \
		    -d next/n.img,format=raw >next/out 2>next/err </dev/null ||
		    echo "exit status $?" >>next/bad
		grep -q "guest: disk read back what was written" next/out ||
		    echo "the disk" >>next/bad
		grep -q "guest: done" next/out || echo "no end" >>next/bad
		n=$((n + 1))
		echo $n >next/count
	done
}

# gone PID SECONDS: whether it is, by then.
gone()
{
	local i
	for ((i = 0; i < $2 * 10; i++)); do
		[ "$(cut -d' ' -f3 /proc/$1/stat 2>/dev/null || echo Z)" != Z ] ||
		    return 0
		sleep 0.1
	done
	return 1
}

# hostile_once SECONDS ARGUMENT...: a machine of its own until it ends.
hostile_once()
{
	local p rc
	"${inside[@]}" ./vmd-vm -v -n bad -m 64 -k "$b/e2e/hostile.elf" \
	    -a "$seed$mood" -d h.img,format=raw -d h2.img,format=raw,scsi \
	    -r h.iso "${@:2}" >hout 2>herr </dev/null &
	p=$!
	gone $p "$1" || kill $p
	# Its driver may have promised to answer: twice means now.
	gone $p 5 || kill $p
	wait $p
	rc=$?
	case $rc in
	0 | 11)	;;
	5)	# The guest's processor, not one of our processes.
		grep -q "KVM gave up\|refused the guest's state" herr ||
		    fail "seed $seed: exit status 5: $(tail -n 1 herr)" ;;
	*)	fail "seed $seed: exit status $rc: $(tail -n 2 herr)" ;;
	esac
	grep -a "signal\|panic\|not answer" herr && fail "seed $seed"
	grep -aq "hostile: devices are up" hout || fail "it did not start"
}

# Random values to every port and queue, for a while.
kvm_hostile()
{
	local nic=() inside=() last=$((SECONDS + ${HOSTILE:-15})) runs=0 other
	local mood=""
	hostile_files
	touch go
	neighbour &
	other=$!
	if [ "$network" != none ]; then
		net_begin
		nic=(-N tap,local)
		inside=(nsenter -t "$net" -n)
	fi
	while [ $SECONDS -lt $last ]; do
		hostile_once $((last - SECONDS)) "${nic[@]}"
		runs=$((runs + 1))
		seed=$((seed + 1))
	done
	rm -f go
	wait $other
	[ "$network" = none ] || net_end
	[ ! -e next/bad ] || fail "the neighbour: $(sort next/bad | uniq -c)"
	echo "     $runs hostile machines, $(cat next/count) of a neighbour"
}

hostile_files()
{
	truncate -s 4M h.img h2.img
	head -c 300000 /dev/urandom >h.iso
	seed=${SEED:-$RANDOM}
}

# The recordings of such a guest replay, when it does not change what a device
# has just written.
kvm_hostile_replay()
{
	local t inside=() mood=c
	hostile_files
	mkdir -p hrec
	hostile_once 4 -R hrec,room=100
	for t in hrec/*.trace; do
		"$b/replay/vmtrace" replay "$t" >o 2>&1 || {
			fail "seed $seed: $t does not replay:"
			tail -n 3 o
		}
	done
}

# The same without a hypervisor: random commands, but none to a port that ends
# the machine (0x64, 0x92, 0xcf9, 0xb000 and above).
hostile_commands()
{
	hostile_files
	awk -v seed="$seed" '
	function ends(port, width) {
		return (port <= 100 && port + width > 100) ||
		    (port <= 146 && port + width > 146) ||
		    (port <= 3321 && port + width > 3321 &&
		    !(port == 3320 && width == 4))
	}
	BEGIN {
		srand(seed)
		n = split("b w l", w)
		for (i = 0; i < 20000; i++) {
			port = int(rand() * 65536)
			if (rand() < 0.8)
				port = 4096 * int(1 + rand() * 7) + \
				    (rand() < 0.9 ? int(rand() * 64) : 256)
			if (port >= 45056 || (port >= 3320 && port < 3328 &&
			    rand() < 0.9))
				continue
			size = int(rand() * n)
			v = int(rand() * (rand() < 0.5 ? 16 : 4294967296))
			if (rand() < 0.3)
				printf "in%s %d\n", w[1 + size], port
			else if (rand() < 0.1)
				printf "writeq %d %d\n", rand() * 1e8, v
			else if (!ends(port, 2 ^ size))
				printf "out%s %d %d\n", w[1 + size], port, v
		}
	}' >cmds
	vm 0 -e qtest -m 64 -t cmds -d h.img,format=raw \
	    -d h2.img,format=raw,scsi -r h.iso
	[ "$(wc -l <out)" -gt 10000 ] || fail "answers: $(wc -l <out)"
	says_not "signal" err
}
