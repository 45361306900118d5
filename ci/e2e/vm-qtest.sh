# Cases of ci/e2e/vm that need no hypervisor: drivers written as commands of a
# device test go through the life of each kind of device.

# up SLOT QUEUE: a device from reset to DRIVER_OK; its queue of 8 is at 64 KiB.
up()
{
	port=$((0x1000 * $1))
	printf 'outl 0xcf8 0x%x\noutw 0xcfc 7\n' $((0x80000004 | $1 << 11))
	# The rings of the last life are cleared when the reset is over, which
	# a read waits for, and before the device may look at them.
	printf 'outb %d 0\ninb %d\n' $((port + 20)) $((port + 20))
	echo "memset 0x10000 0x3000 0"
	printf 'outb %d %d\n' $((port + 20)) 1 $((port + 20)) 3
	# Everything that it offers.
	printf 'outl %d 1\noutl %d 1\n' $((port + 8)) $((port + 12))
	printf 'outb %d 11\ninb %d\n' $((port + 20)) $((port + 20))
	echo "outw $((port + 22)) $2"
	printf 'outw %d 8\noutl %d 0x10000\noutl %d 0x11000\noutl %d 0x12000\n' \
	    $((port + 24)) $((port + 32)) $((port + 40)) $((port + 48))
	printf 'outw %d 1\noutb %d 15\n' $((port + 28)) $((port + 20))
	queue=$2 sent=0
}

# chain ADDRESS LENGTH FLAGS ...: descriptors, a kick, and a wait: reads are
# answered after what was written before.
chain()
{
	local i=0 n=$(($# / 3)) f
	while [ $# -gt 0 ]; do
		f=$3
		[ $((i + 1)) = $n ] || f=$((f | 1))
		printf 'writeq 0x%x %s\nwritel 0x%x %s\nwritel 0x%x 0x%x\n' \
		    $((0x10000 + 16 * i)) "$1" $((0x10008 + 16 * i)) "$2" \
		    $((0x1000c + 16 * i)) $((f | (i + 1) << 16))
		i=$((i + 1))
		shift 3
	done
	sent=$((sent + 1))
	echo "writew 0x11002 $sent"
	echo "outw $((port + 256)) $queue"
	echo "inb $((port + 512))"
	echo "readw 0x12002"
}

# answer_is N WORDS: the N-th from the end of the answers.
answer_is()
{
	[ "$(tail -n "$1" out | head -n 1)" = "OK $2" ] ||
	    fail "answer $1 from the end: $(tail -n "$1" out | head -n 1)," \
		"not OK $2"
}

# A disk: written, flushed, reset, read back; the used length is right.
cycle_disk()
{
	local head="writel 0x20000"
	head -c 4194304 /dev/zero >z.img
	{
		up 2 0
		echo "memset 0x21000 1024 0x5a"
		echo "$head 1"
		echo "writeq 0x20008 3"
		chain 0x20000 16 0 0x21000 1024 0 0x22000 1 2
		echo "$head 4"
		echo "writeq 0x20008 0"
		chain 0x20000 16 0 0x22000 1 2
		up 2 0
		echo "$head 0"
		echo "writeq 0x20008 4"
		echo "writeb 0x22000 0xff"
		chain 0x20000 16 0 0x23000 512 2 0x22000 1 2
		echo "readb 0x22000"
		echo "readq 0x231f8"
		echo "readl 0x12008"
	} >cmds
	vm 0 -e qtest -t cmds -d z.img,format=raw -R .
	answer_is 1 0x0000000000000201
	answer_is 2 0x5a5a5a5a5a5a5a5a
	answer_is 3 0x0000000000000000
	head -c 1024 /dev/zero | tr '\0' Z >want
	tail -c +1537 z.img | head -c 1024 | cmp - want ||
	    fail "the image does not hold what was written"
	[ "$(tr -d '\0' <z.img | wc -c)" = 1024 ] || fail "more was written"
	replays vm-vioblk0.trace
}

# Random numbers fill a buffer.
cycle_random()
{
	{
		up 1 0
		chain 0x20000 4096 2
		echo "readl 0x12008"
		echo "read 0x20000 4096"
	} >cmds
	vm 0 -e qtest -t cmds
	answer_is 2 0x0000000000001000
	# Not all 4096, and not much else either.
	tail -n 1 out | cut -c 6- | fold -w 2 | sort -u | wc -l >n
	[ "$(cat n)" = 256 ] || fail "$(cat n) values of 256"
}

# A CD: a command that reads the volume descriptor.
cycle_cd()
{
	mkdir -p cd
	cp "$b/e2e/boot.bin" cd/boot.bin
	genisoimage -quiet -o cd.iso cd
	{
		up 2 2
		echo "memset 0x20000 64 0"
		echo "writeb 0x20000 1"
		# The first command is told of the power-on: unit attention.
		chain 0x20000 51 0 0x22000 108 2
		# READ(10), block 16, one of them; LUN and tag before it.
		echo "write 0x20013 10 0x28000000001000000100"
		chain 0x20000 51 0 0x22000 108 2 0x23000 2048 2
		echo "readw 0x2200a"
		echo "readq 0x23000"
	} >cmds
	vm 0 -e qtest -t cmds -r cd.iso -R .
	answer_is 1 0x0001313030444301
	answer_is 2 0x0000000000000000
	replays vm-vioscsi0.trace
}

replays()
{
	"$b/replay/vmtrace" replay "$1" >o 2>&1 || {
		fail "$1 does not replay:"
		tail -n 3 o
	}
}
