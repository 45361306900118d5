# Cases of ci/e2e/vm about network cards and vmmci.  Those that make taps run
# in a network namespace of their own, which needs root.

is_apart()
{
	[ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/$$/ns/net)" ]
}

# A namespace that lives until net_end.
net_begin()
{
	unshare -n sleep 1000 &
	net=$!
	soon is_apart "$net"
}

net_end()
{
	kill "$net"
	wait "$net" 2>/dev/null
}

in_net()
{
	nsenter -t "$net" -n "$@"
}

# Interfaces of the namespace but lo, in one line.
interfaces()
{
	in_net sed -n 's/^ *\([^ :]*\):.*/\1/p' /proc/net/dev | grep -v '^lo$' |
	    sort | tr '\n' ' '
}

are_interfaces()
{
	[ "$(interfaces)" = "$*${1:+ }" ]
}

# Waits until the namespace has just these.
has_interfaces()
{
	soon are_interfaces "$@"
}

# machine ARGUMENT...: one that waits for commands; pid, and descriptor 9.
machine()
{
	rm -f pipe
	mkfifo pipe
	: >out
	: >err
	nsenter -t "$net" -n ./vmd-vm -e qtest -t pipe "$@" >out 2>err </dev/null &
	pid=$!
	exec 9<>pipe
}

ends()
{
	local rc
	wait "$pid" 2>/dev/null
	rc=$?
	[ $rc = "$1" ] || { fail "exit status $rc instead of $1"; cat err; }
	exec 9>&-
}

has_lines()
{
	[ "$(wc -l <out)" -ge "$1" ]
}

# Commands, and the answer to the last of them.
tell()
{
	local n
	n=$(($(wc -l <out) + $#))
	printf '%s\n' "$@" >&9
	soon has_lines "$n"
	answer=$(tail -n 1 out)
}

answers()
{
	[ "$answer" = "$1" ] || fail "answer '$answer' instead of '$1'"
}

nics()
{
	net_begin
	in_net busybox brctl addbr br7
	machine -n two -I 7 -N t7,local,lladdr=fe:e1:bb:d1:00:07,locked \
	    -N tap,bridge=br7,mtu=1400
	has_interfaces br7 t7 tap0
	[ "$(ours)" = 3 ] || fail "$(ours) processes instead of 3"
	in_net busybox ip addr show t7 >o
	says "inet 100.64.7.2/31" o
	in_net busybox ip link show tap0 >o
	says "mtu 1400.*master br7" o
	tell "outl 0xcf8 0x80001000" "inl 0xcfc"
	answers "OK 0x10411af4"
	# The MAC, as the guest sees it.
	tell "outl 0xcf8 0x80001004" "outw 0xcfc 1" "inl 0x2300"
	answers "OK 0xd1bbe1fe"
	kill "$pid"
	ends 0
	has_interfaces br7
	net_end
}

# However it ends, nothing stays.
nic_killed()
{
	net_begin
	machine -N tap,local -N tap
	has_interfaces tap0 tap1
	kill -9 "$pid"
	ends 137
	has_interfaces
	machine -N tap,local -N tap
	has_interfaces tap0 tap1
	soon are_ours 3
	kill -9 "$(devices | head -n 1)"
	ends 5
	says "vionet.: .*signal" err
	has_interfaces
	net_end
}

# refused, in the namespace; nothing is left of what was opened before.
net_refused()
{
	in_net ./vmd-vm -e qtest -t /dev/null "$@" >out 2>err </dev/null
	rc=$?
	[ $rc = 1 ] || fail "exit status $rc instead of 1: $*"
	[ "$(wc -l <err)" = 1 ] || { fail "not one line:"; cat err; }
}

nic_refusals()
{
	net_begin
	net_refused -N tap,shiny
	says "shiny: not a property of a network card" err
	net_refused -N tap,mtu=1
	net_refused -N tap,lladdr=1:2:3
	net_refused -N name-that-is-too-long
	says "no name of an interface" err
	net_refused -I x
	net_refused -N t7,local -N t8 -N t7
	says "t7: in use; another name" err
	net_refused -N t7 -N t8,bridge=nobody
	says "nobody: no such bridge: " err
	net_refused -N t7,local,bridge=nobody
	says "belongs to no bridge" err
	net_refused -N t7,local -d missing.img
	says "missing.img" err
	net_refused -N t7,local -P /nonexistent
	net_refused -I 99999 -N t7,local
	says "no local addresses" err
	has_interfaces
	machine -I 3 -N t7,local
	has_interfaces t7
	net_refused -I 3 -N t8,local
	says "100.64.3.2: in use by t7" err
	kill "$pid"
	ends 0
	# Somebody without rights.
	chmod 755 "$dir"
	nsenter -t "$net" -n setpriv --reuid 65534 --clear-groups \
	    --bounding-set -all ./vmd-vm -e qtest -t /dev/null -N t7 \
	    >out 2>err </dev/null && fail "a tap without rights"
	says "t7: .*root or CAP_NET_ADMIN is needed" err
	has_interfaces
	net_end
}

# The guest has been asked: a command is in vmmci's register.
is_asked()
{
	tell "inl 0x2014"
	[ "$answer" = "OK 0x0001" ]
}

# The guest is asked through vmmci: a driver that answers in time gets its
# two minutes, one that does not is ended, and so is one that is not there.
shutdown()
{
	net=$$
	machine
	tell "inl 0x2014"
	answers "OK 0x0000"
	kill "$pid"
	ends 0
	machine
	tell "outl 0xcf8 0x80001004" "outw 0xcfc 1" "outb 0x2012 7" \
	    "inl 0x2014"
	answers "OK 0x0000"
	kill "$pid"
	soon is_asked
	tell "outl 0x2014 1" "clock_step 119000000000" "inl 0x2014"
	answers "OK 0x0001"
	echo "clock_step 2000000000" >&9
	ends 0
	machine
	tell "outl 0xcf8 0x80001004" "outw 0xcfc 1" "outb 0x2012 7"
	kill "$pid"
	soon is_asked
	tell "clock_step 2999999999" "inl 0x2014"
	answers "OK 0x0001"
	echo "clock_step 1" >&9
	ends 0
	machine
	tell "outl 0xcf8 0x80001004" "outw 0xcfc 1" "outb 0x2012 7"
	kill "$pid"
	soon is_asked
	kill "$pid"
	ends 0
}
