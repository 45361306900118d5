"""
Mutants of a C file, all of them in one text: each is a choice that the number
of the mutant makes when the program runs, so a file is compiled once.

The tree comes from clang (-ast-dump=json).  What a macro hides is left alone.
"""

import json
import os
import re
import subprocess

RELATIONAL = {"<": ["<=", ">="], "<=": ["<", ">"], ">": [">=", "<="],
              ">=": [">", "<"], "==": ["!="], "!=": ["=="]}
ARITHMETIC = {"+": "-", "-": "+", "*": "+", "/": "*", "%": "*", "<<": ">>",
              ">>": "<<", "&": "|", "|": "&", "^": "&"}
COMPOUND = {"+=": "-=", "-=": "+=", "*=": "+=", "|=": "&=", "&=": "|=",
            "^=": "|=", "<<=": ">>=", ">>=": "<<="}
# Which children of a node are statements.
STATEMENTS = {"CompoundStmt": slice(None), "CaseStmt": slice(1, None),
              "DefaultStmt": slice(None), "LabelStmt": slice(None),
              "IfStmt": slice(1, None), "ForStmt": slice(-1, None),
              "WhileStmt": slice(-1, None), "DoStmt": slice(0, 1)}
# Whose arguments may change places, for a result compared with 0.
SYMMETRIC = ("memcmp", "strcmp", "strncmp")
PRELUDE = ("extern int mutant_id; extern unsigned char mutant_hits[]; "
           "static inline int mutant_is(int n) "
           "{ mutant_hits[n] = 1; return mutant_id == n; }\n#line 1\n")


class Mutant:
    def __init__(self, number, function, line, what, before, after):
        self.number, self.line = number, line
        self.function, self.what = function, what
        self.before = " ".join(before.split())
        self.after = " ".join(after.split())
        self.nth = 1            # of those that read the same


class File:
    """Parses path with these flags; text is the source with all mutants."""

    def __init__(self, path, flags, first=1):
        self.path, self.mutants, self.number = path, [], first
        self.statements = set()         # nodes that stand alone
        self.source = open(path).read()
        out = subprocess.run(["clang", "-w", "-fsyntax-only", "-Xclang",
                              "-ast-dump=json", *flags, path],
                             capture_output=True, check=True,
                             env=dict(os.environ, CCACHE_DISABLE="1")).stdout
        edits = []
        for node in json.loads(out)["inner"]:
            if node["kind"] != "FunctionDecl" or \
                    "includedFrom" in node["loc"]:
                continue
            body = [c for c in node.get("inner", ())
                    if c["kind"] == "CompoundStmt"]
            if body and self.span(body[0]):
                self.function = node["name"]
                start, end = self.span(body[0])
                edits.append((start, end, self.render(body[0])))
        text, at = [], 0
        for start, end, new in sorted(edits):
            text += [self.source[at:start], new]
            at = end
        self.text = PRELUDE + "".join(text) + self.source[at:]
        seen = {}
        for m in sorted(self.mutants, key=lambda m: m.place):
            same = (m.function, m.what, m.before, m.after)
            m.nth = seen[same] = seen.get(same, 0) + 1

    def place(self, loc):
        """Offset and end of a token, and whether a macro made it."""
        if "offset" in loc:
            return loc["offset"], loc["offset"] + loc["tokLen"], False
        loc = loc.get("expansionLoc")
        if not loc or "offset" not in loc or "includedFrom" in loc:
            return None
        end = loc["offset"] + loc["tokLen"]
        rest = re.match(r"\s*\(", self.source[end:])
        if rest:
            end, depth = end + rest.end(), 1
            while depth:
                depth += {"(": 1, ")": -1}.get(self.source[end], 0)
                end += 1
        return loc["offset"], end, True

    def span(self, node):
        """Where the node's text is; None when a macro has all of it."""
        r = node.get("range", {})
        a, b = self.place(r.get("begin", {})), self.place(r.get("end", {}))
        if not a or not b or a[0] > b[0] or (a[2] and a[0] == b[0]):
            return None
        return a[0], b[1]

    def plain(self, node):
        start, end = self.span(node) or self.whole(node)
        return self.source[start:end]

    def whole(self, node):
        """As span, but a macro call counts as its own text."""
        a = self.place(node["range"]["begin"])
        b = self.place(node["range"]["end"])
        return (a[0], b[1]) if a and b else (0, 0)

    def children(self, node):
        return [c for c in node.get("inner", ())
                if c and "kind" in c and not c["kind"].endswith("Attr")]

    def render(self, node):
        """The node's text with the mutants below it and its own."""
        start, end = self.span(node)
        text, at = [], start
        for child in self.below(node):
            place = self.span(child)
            if not place or place[0] < at or place[1] > end:
                continue
            text += [self.source[at:place[0]], self.render(child)]
            at = place[1]
        text = self.own(node, "".join(text) + self.source[at:end])
        return self.as_statement(node, text) \
            if id(node) in self.statements else text

    def below(self, node):
        """Children that may be mutated, in the order of the text."""
        kids = self.children(node)
        kind = node["kind"]
        alone = STATEMENTS.get(kind)
        if alone:
            self.statements.update(id(k) for k in kids[alone])
        if kind == "UnaryOperator" and kids[0]["kind"] == "IntegerLiteral":
            return []
        if kind in ("UnaryExprOrTypeTraitExpr", "StaticAssertDecl",
                    "OffsetOfExpr", "ShuffleVectorExpr"):
            return []           # these want constants
        if kind == "VarDecl" and node.get("storageClass") == "static":
            return []
        if kind == "CaseStmt":
            kids = kids[1:]
        return sorted((k for k in kids if self.span(k)),
                      key=lambda k: self.span(k)[0])

    def add(self, node, what, after):
        m = Mutant(self.number, self.function,
                   self.source.count("\n", 0, self.span(node)[0]) + 1, what,
                   self.plain(node), after)
        m.place = self.span(node)[0]
        self.mutants.append(m)
        self.number += 1
        return "mutant_is(%d)" % m.number

    def choice(self, node, text, options):
        for what, after in options:
            if " ".join(after.split()) != " ".join(self.plain(node).split()):
                text = "(%s ? (%s) : (%s))" % (
                    self.add(node, what, after), after, text)
        return text

    def own(self, node, text):
        make = getattr(self, "of_" + node["kind"], None)
        if make:
            text = make(node, text)
        return text

    def of_BinaryOperator(self, node, text):
        op, kids = node["opcode"], self.children(node)
        a, b = self.plain(kids[0]), self.plain(kids[1])
        if not a or not b:
            return text
        if op in RELATIONAL:
            return self.choice(node, text, [
                ("relation", "%s %s %s" % (a, o, b))
                for o in RELATIONAL[op]
                if not ("*" in kids[0]["type"]["qualType"] and
                        o not in ("==", "!="))])
        if op in ("&&", "||"):
            return self.choice(node, text, [("left", a), ("right", b)])
        if op in ARITHMETIC:
            pointers = ["*" in k["type"]["qualType"] or
                        "[" in k["type"]["qualType"] for k in kids]
            if pointers[1] or (pointers[0] and op != "+"):
                return text
            return self.choice(node, text, [
                ("arithmetic", "%s %s %s" % (a, ARITHMETIC[op], b))])
        return text

    def of_UnaryOperator(self, node, text):
        op, kid = node["opcode"], self.children(node)[0]
        if op in ("-", "!", "~"):
            return self.choice(node, text, [("unary", self.plain(kid))])
        return text

    def of_IntegerLiteral(self, node, text):
        # 0 as a pointer would become a number.
        options = [("constant", text + " + 1")]
        if node["value"] not in ("0", "1"):
            options.append(("constant", text + " - 1"))
        return self.choice(node, text, options)

    def of_CallExpr(self, node, text):
        callee, *args = self.children(node)
        if self.plain(callee) in SYMMETRIC:
            return text
        for i in range(len(args) - 1):
            a, b = args[i], args[i + 1]
            pa, pb = self.whole(a), self.whole(b)
            if not all(pa + pb) or pa[1] > pb[0] or \
                    a["type"]["qualType"] != b["type"]["qualType"]:
                continue
            start, end = self.span(node)
            src = self.source
            after = (src[start:pa[0]] + src[pb[0]:pb[1]] +
                     src[pa[1]:pb[0]] + src[pa[0]:pa[1]] + src[pb[1]:end])
            return self.choice(node, text, [("swap", after)])
        return text

    def condition(self, node, text, options):
        """if (c): the text of c, once more, and its mutants around it."""
        cond = self.children(node)[0]
        place = self.span(cond)
        if not place:
            return text
        start, _ = self.span(node)
        old = self.source[place[0]:place[1]]
        head = re.match(r"(if|while)\s*\(", text)
        if not head:
            return text
        depth, at = 1, head.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(text[at], 0)
            at += 1
        inner = text[head.end():at - 1]
        for what, after in options:
            after = after % old if "%s" in after else after
            inner = "%s ? (%s) : ((%s) != 0)" % (
                self.add(cond, what, after), after, inner)
        return text[:head.end()] + inner + text[at - 1:]

    def of_IfStmt(self, node, text):
        return self.condition(node, text,
                              [("negated", "!(%s)"), ("never", "0")])

    def of_WhileStmt(self, node, text):
        return self.condition(node, text, [("never", "0")])

    def as_statement(self, node, text):
        """A statement of its own may also be left out."""
        kind, op = node["kind"], node.get("opcode")
        if kind == "CompoundAssignOperator" and op in COMPOUND:
            a, b = self.children(node)
            if "*" not in a["type"]["qualType"]:
                after = "%s %s %s" % (self.plain(a), COMPOUND[op],
                                      self.plain(b))
                text = "(%s ? (void)(%s) : (void)(%s))" % (
                    self.add(node, "arithmetic", after), after, text)
        if kind in ("CallExpr", "CompoundAssignOperator") or \
                (kind == "BinaryOperator" and op == "="):
            text = "(%s ? (void)0 : (void)(%s))" % (
                self.add(node, "dropped", ""), text)
        return text
