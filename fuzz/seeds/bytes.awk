# Bytes in words: turns lines into octal escapes for printf(1).
#	cut N			one byte
#	bytes HEX ...		these bytes
#	fill N HEX		one byte N times
#	frame [type=N] [peer=N] [pid=N] [len=N] [fd] HEX ...
#				a frame with that data; len= lies about it
function fail(why)
{
	printf "%s: line %d: %s\n", FILENAME, NR, why >"/dev/stderr"
	bad = 1
	exit 1
}
function put(v)
{
	out = out sprintf("\\%03o", v)
}
function word(v, i)
{
	for (i = 0; i < 4; i++) {
		put(v % 256)
		v = int(v / 256)
	}
}
function digit(c, d)
{
	d = index("0123456789abcdef", c)
	if (d == 0)
		fail("not a hexadecimal digit: " c)
	return d - 1
}
function hex(s, i)
{
	if (length(s) % 2)
		fail("half a byte: " s)
	for (i = 1; i < length(s); i += 2)
		put(16 * digit(substr(s, i, 1)) + digit(substr(s, i + 1, 1)))
}
function frame(i, key, v, n)
{
	v["type"] = v["peer"] = v["pid"] = v["fd"] = 0
	for (i = 2; i <= NF && $i ~ /^[a-z]+=|^fd$/; i++)
		if ($i == "fd")
			v["fd"] = 1
		else {
			split($i, key, "=")
			v[key[1]] = key[2]
		}
	n = i
	v["size"] = 16
	for (; i <= NF; i++)
		v["size"] += length($i) / 2
	if ("len" in v)
		v["size"] = v["len"]
	word(v["type"])
	word(v["size"] + (v["fd"] ? 2147483648 : 0))
	word(v["peer"])
	word(v["pid"])
	for (i = n; i <= NF; i++)
		hex($i)
}
/^#/ || NF == 0 { next }
$1 == "cut" { put($2); next }
$1 == "bytes" { for (k = 2; k <= NF; k++) hex($k); next }
$1 == "fill" { for (k = 0; k < $2; k++) hex($3); next }
$1 == "frame" { frame(); next }
{ fail("unknown word " $1) }
END { if (!bad) printf "%s", out }
