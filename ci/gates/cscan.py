"""A scanner for C in kernel normal form: just enough for the gates."""

import re
from collections import namedtuple

Function = namedtuple("Function", "name line lines knf")
Directive = namedtuple("Directive", "line word rest")

TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"'
                   r"|'(?:\\.|[^'\\\n])*'", re.S)


def blank(text, strings=True):
    """Comments, and strings if asked, become spaces; lines stay."""
    def gone(m):
        s = m.group()
        if s[0] != "/" and not strings:
            return s
        return re.sub(r"[^\n]", " ", s)
    return TOKEN.sub(gone, text)


def directives(text):
    """The preprocessor's lines, joined where they continue."""
    out = []
    lines = blank(text, strings=False).split("\n")
    i = 0
    while i < len(lines):
        m = re.match(r"\s*#\s*(\w+)\s*(.*)", lines[i])
        first = i
        if m:
            rest = m.group(2)
            while rest.endswith("\\") and i + 1 < len(lines):
                i += 1
                rest = rest[:-1] + lines[i]
            out.append(Directive(first + 1, m.group(1),
                                 " ".join(rest.split())))
        i += 1
    return out


def functions(text):
    """
    Each function body: name, first line, lines from the name to the closing
    brace, and None or what is not in kernel normal form about its head.
    """
    out = []
    lines = blank(text).split("\n")
    macro = False
    for i, line in enumerate(lines):
        inside, macro = macro, line.endswith("\\")
        if inside or line.startswith("#"):
            continue
        if re.match(r"[A-Za-z_].*\)\s*\{\s*$", line):
            out.append(_function(lines, i, i, "brace on the line of the head"))
        elif re.match(r"\{\s*$", line):
            out.append(_head(lines, i))
    return [f for f in out if f]


def _head(lines, brace):
    top = brace
    while top > 0 and re.search(r"\S", lines[top - 1]) and \
            not re.search(r"[;}]\s*$|^#", lines[top - 1]):
        top -= 1
    for i in range(top, brace):
        m = re.match(r"(\w+)\(", lines[i])
        if m:
            return _function(lines, i, brace, None)
    for i in range(top, brace):
        if re.match(r"\w.*\b\w+\(", lines[i]):
            return _function(lines, i, brace, "return type not on its line")
    return None


def _function(lines, first, brace, knf):
    end = brace
    while end + 1 < len(lines) and not re.match(r"\}", lines[end]):
        end += 1
    m = re.search(r"(\w+)\s*\(", lines[first])
    return Function(m.group(1) if m else "?", first + 1, end - first + 1, knf)
