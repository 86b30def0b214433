"""Evaluate operations read from standard input, one JSON record a line, and print what each gave."""

import json
import operator
import os.path
import shlex
import sys
import textwrap
import warnings

warnings.simplefilter("ignore")

BINARY = {
    "+": (operator.add, operator.iadd), "-": (operator.sub, operator.isub),
    "*": (operator.mul, operator.imul), "/": (operator.truediv, operator.itruediv),
    "//": (operator.floordiv, operator.ifloordiv), "%": (operator.mod, operator.imod),
    "**": (operator.pow, operator.ipow), "<<": (operator.lshift, operator.ilshift),
    ">>": (operator.rshift, operator.irshift), "&": (operator.and_, operator.iand),
    "|": (operator.or_, operator.ior), "^": (operator.xor, operator.ixor),
    "@": (operator.matmul, operator.imatmul),
}
COMPARE = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le,
    ">": operator.gt, ">=": operator.ge, "in": lambda x, y: x in y, "not in": lambda x, y: x not in y,
}
UNARY = {"+": operator.pos, "-": operator.neg, "~": operator.invert, "not": operator.not_}
CACHE = {}


def value(src):
    code = CACHE.get(src)
    if code is None:
        code = CACHE[src] = compile(src, "<value>", "eval")
    return eval(code)


def canon(v):
    t = type(v)
    if t in (set, frozenset):
        return t.__name__ + "{" + ", ".join(sorted(map(canon, v))) + "}"
    if t is list:
        return "[" + ", ".join(map(canon, v)) + "]"
    if t is tuple:
        return "(" + ", ".join(map(canon, v)) + ",)"
    if t is dict:
        return "{" + ", ".join(canon(k) + ": " + canon(x) for k, x in v.items()) + "}"
    if hasattr(v, "__next__"):
        return t.__name__ + " " + canon(list(v))
    return repr(v)


def characters(lo, hi):
    out = []
    for cp in range(lo, hi):
        c = chr(cp)
        flags = "".join("01"[f] for f in (
            c.isalpha(), c.isdecimal(), c.isdigit(), c.isnumeric(), c.islower(), c.isupper(), c.istitle(),
            c.isspace(), c.isprintable(), c.isidentifier(), ("a" + c).isidentifier(), c.isalnum()))
        out.append(",".join((flags, c.upper(), c.lower(), c.title(), c.casefold(), c.swapcase(),
                             c.capitalize(), ("A" + c + "\u03a3").lower())))
    return "\n".join(out)


def run(r):
    kind, op = r["kind"], r.get("op")
    args = [value(a) for a in r.get("args", ())]
    kw = {k: value(v) for k, v in r.get("kw") or ()}
    if kind == "binary":
        return [BINARY[op][0](*args)] + args
    if kind == "inplace":
        return [BINARY[op][1](*args)] + args
    if kind == "compare":
        return COMPARE[op](*args)
    if kind == "unary":
        return UNARY[op](*args)
    if kind == "getitem":
        return args[0][args[1]]
    if kind == "setitem":
        args[0][args[1]] = args[2]
        return args[0]
    if kind == "delitem":
        del args[0][args[1]]
        return args[0]
    if kind == "method":
        # Through the class, as a call in a program finds it: messages name the class that defines it.
        return [getattr(type(args[0]), op)(*args, **kw), args[0]]
    if kind == "class":
        return getattr(value(r["class"]), op)(*args, **kw)
    if kind == "builtin":
        return value(op)(*args, **kw)
    if kind == "unpack":
        if op == "star":
            a, *b, c = args[0]
            return [a, b, c]
        a, b = args[0]
        return [a, b]
    if kind == "module":
        if op == "distutils.util.strtobool":
            import distutils.util
            return distutils.util.strtobool(*args)
        return value(op)(*args, **kw)
    if kind == "characters":
        return characters(*args)
    raise AssertionError(kind)


for line in sys.stdin:
    try:
        res = {"v": canon(run(json.loads(line)))}
    except Exception as e:
        res = {"e": type(e).__name__, "m": str(e)}
    sys.stdout.write(json.dumps(res) + "\n")
