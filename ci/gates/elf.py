"""A small reader of archives and ELF files: sections and symbols."""

import struct
from collections import namedtuple

Section = namedtuple("Section", "name type flags size link offset entsize")
Symbol = namedtuple("Symbol", "name bind kind shndx size")

WRITE, ALLOC = 1, 2
SYMTAB, DYNAMIC, DYNSYM = 2, 6, 11
UNDEF, COMMON = 0, 0xfff2
LOCAL, WEAK = 0, 2
SECTION, FILE = 3, 4
NEEDED = 1


class Elf:
    """One object or program; raises ValueError when it is none."""

    def __init__(self, data, name):
        self.name = name
        self.data = data
        if data[:4] != b"\x7fELF":
            raise ValueError(name + ": no ELF file")
        self.wide = data[4] == 2
        self.end = "<" if data[5] == 1 else ">"
        self.sections = self._sections()
        self.symbols = self._symbols(SYMTAB)

    def _unpack(self, fmt, off):
        return struct.unpack_from(self.end + fmt, self.data, off)

    def _sections(self):
        at = 0x28 if self.wide else 0x20
        shoff, = self._unpack("Q" if self.wide else "I", at)
        entsize, num, names = self._unpack("HHH", 0x3a if self.wide else 0x2e)
        raw = []
        for i in range(num):
            f = self._unpack("IIQQQQIIQQ" if self.wide else "IIIIIIIIII",
                             shoff + i * entsize)
            raw.append(f)
        out = []
        for f in raw:
            name = self._string(raw[names][4], f[0])
            out.append(Section(name, f[1], f[2], f[5], f[6], f[4], f[9]))
        return out

    def _string(self, table, off):
        end = self.data.index(b"\0", table + off)
        return self.data[table + off:end].decode("utf-8", "replace")

    def _symbols(self, kind):
        out = []
        for s in self.sections:
            if s.type != kind:
                continue
            strings = self.sections[s.link].offset
            for off in range(s.offset, s.offset + s.size, s.entsize):
                if self.wide:
                    n, info, _, sh, _, size = self._unpack("IBBHQQ", off)
                else:
                    n, _, size, info, _, sh = self._unpack("IIIBBH", off)
                out.append(Symbol(self._string(strings, n), info >> 4,
                                  info & 15, sh, size))
        return out

    def needed(self):
        """The shared libraries that a program asks for."""
        out = []
        for s in self.sections:
            if s.type != DYNAMIC:
                continue
            strings = self.sections[s.link].offset
            for off in range(s.offset, s.offset + s.size, s.entsize):
                tag, val = self._unpack("QQ" if self.wide else "II", off)
                if tag == NEEDED:
                    out.append(self._string(strings, val))
        return out

    def all_symbols(self):
        """Names in both symbol tables, without @version."""
        both = self.symbols + self._symbols(DYNSYM)
        return {s.name.split("@")[0] for s in both
                if s.kind not in (SECTION, FILE)} - {""}


def members(path):
    """The objects of an archive, or the one object or program."""
    with open(path, "rb") as f:
        data = f.read()
    if data[:8] != b"!<arch>\n":
        return [Elf(data, path)]
    out, off, longnames = [], 8, b""
    while off + 60 <= len(data):
        name = data[off:off + 16].decode().rstrip()
        size = int(data[off + 48:off + 58])
        body = data[off + 60:off + 60 + size]
        off += 60 + size + (size & 1)
        if name == "//":
            longnames = body
        elif name not in ("/", "/SYM64/"):
            if name[0] == "/":
                at = int(name[1:])
                end = longnames.index(b"\n", at)
                name = longnames[at:end].decode()
            out.append(Elf(body, "%s(%s)" % (path, name.rstrip("/"))))
    return out
