"""Tells what CPython makes of Python sources: reads JSON strings, one a line, answers each with a line of JSON.

{"dump": …} is ast.dump with all positions; {"error": [type, message, line, column]} what ast.parse refuses.
With --record and a file of cases it prints that file again with its answers: so cases.json is made.
"""
import ast
import json
import sys
import warnings

warnings.simplefilter("ignore")
sys.setrecursionlimit(20000)


def answer(source):
    if source.startswith("\ufeff") or "coding" in source:
        source = source.encode()  # as text, columns count characters; but what tells the encoding is only read in bytes
    try:
        tree = ast.parse(source)
    except SyntaxError as e:
        return {"error": [type(e).__name__, e.msg, e.lineno, e.offset]}
    except (ValueError, RecursionError, MemoryError) as e:
        return {"error": [type(e).__name__, str(e), 0, 0]}
    return {"dump": ast.dump(tree, include_attributes=True)}


if "--record" in sys.argv:
    with open(sys.argv[-1]) as f:
        cases = json.load(f)
    for case in cases:
        case.pop("dump", None), case.pop("error", None)
        case.update(answer(case["source"]))
    print("[" + ",\n".join(map(json.dumps, cases)) + "]")
else:
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
