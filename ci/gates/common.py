"""What the gates share: the tree, the Makefile's table, the report."""

import argparse
import fnmatch
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


class Table:
    """What the Makefile knows: see gates_table in ci/gates.mk."""

    def __init__(self, text):
        self.build, self.cc, self.cflags = "", "cc", []
        self.pure, self.harness = [], []
        self.layer, self.test = {}, {}
        for line in text.splitlines():
            key, *rest = line.split() or [""]
            if key == "b":
                self.build = rest[0]
            elif key == "cc":
                self.cc = rest[0]
            elif key == "cflags":
                self.cflags = rest
            elif key == "pure":
                self.pure = rest
            elif key == "harness":
                self.harness = rest
            elif key == "layer":
                self.layer[rest[0]] = rest[1:]
            elif key == "test":
                self.test[rest[0]] = rest[1:]
        if not self.layer:
            sys.exit("gates: no layer table: does the Makefile include "
                     "ci/gates.mk?")

    def folders(self, layer):
        """The folders on the include path of a layer, its own first."""
        return ["src/" + x for x in [layer] + self.layer[layer]]


class Gate:
    """One gate: collects violations, prints them, ends the program."""

    def __init__(self, name, what, operands=None):
        self.name = name
        self.bad = []
        self.notes = []
        p = argparse.ArgumentParser(prog="ci/gates/" + name, description=what)
        p.add_argument("-t", "--tree", default=ROOT,
                       help="the tree to look at (default: this one)")
        if operands:
            p.add_argument("operand", nargs="*", help=operands)
        args = p.parse_args()
        self.tree = os.path.abspath(args.tree)
        self.operands = getattr(args, "operand", [])
        self._files = None

    def table(self):
        path = os.environ.get("GATES_TABLE")
        if path and self.tree == ROOT and os.path.exists(path):
            with open(path, encoding="utf-8") as f:
                return Table(f.read())
        env = {k: v for k, v in os.environ.items()
               if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
        env["FLAVOUR"] = "plain"
        make = os.environ.get("MAKE", "make")
        r = subprocess.run([make, "-s", "--no-print-directory", "gates-table"],
                           cwd=self.tree, env=env, text=True,
                           capture_output=True)
        if r.returncode != 0:
            sys.exit("gates: make gates-table: " + r.stderr.strip())
        return Table(r.stdout)

    def path(self, *parts):
        return os.path.join(self.tree, *parts)

    def short(self, path):
        """A path as it is called inside the tree."""
        return path.replace(self.tree + os.sep, "", 1)

    def read(self, rel):
        with open(self.path(rel), encoding="utf-8", errors="replace") as f:
            return f.read()

    def files(self, *patterns):
        """The project's files, tracked or about to be, by pattern."""
        if self._files is None:
            self._files = tree_files(self.tree)
        return [f for f in self._files
                if any(fnmatch.fnmatchcase(f, p) for p in patterns)]

    def rows(self, rel):
        """Lines of a list: fields between tabs; # starts a comment."""
        out = []
        if os.path.exists(self.path(rel)):
            for n, line in enumerate(self.read(rel).splitlines(), 1):
                if line.strip() and not line.startswith("#"):
                    fields = [x.strip() for x in line.split("\t")]
                    out.append((n, [x for x in fields if x]))
        return out

    def fail(self, where, why):
        self.bad.append("%s: %s" % (where, why))

    def skip(self, why):
        print("%s: skipped: %s" % (self.name, why))
        sys.exit(0)

    def end(self, count, noun):
        for line in self.bad:
            print(line)
        head = "%d violations, " % len(self.bad) if self.bad else "ok, "
        notes = "".join("; " + n for n in self.notes)
        print("%s: %s%d %s%s" % (self.name, head, count, noun, notes))
        sys.exit(1 if self.bad else 0)


def tree_files(tree):
    """All files that belong to the project, without what is built."""
    if os.path.exists(os.path.join(tree, ".git")):
        r = subprocess.run(["git", "ls-files", "-z", "-c", "-o",
                            "--exclude-standard"], cwd=tree, text=True,
                           capture_output=True)
        if r.returncode == 0:
            names = sorted(set(r.stdout.split("\0")) - {""})
            return [n for n in names
                    if os.path.isfile(os.path.join(tree, n))]
    out = []
    for folder, dirs, names in os.walk(tree):
        rel = os.path.relpath(folder, tree)
        dirs[:] = [d for d in dirs if d not in (".git", "__pycache__")
                   and not (rel == "." and d == "build")]
        out += [os.path.normpath(os.path.join(rel, n)) for n in names
                if not n.endswith((".o", ".pyc"))]
    return sorted(out)


def in_parallel(work, items):
    """[work(x) for x in items], two at a time."""
    from concurrent.futures import ThreadPoolExecutor
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(work, items))
