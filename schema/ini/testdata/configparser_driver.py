"""Reads INI texts with configparser and tells what it made of them. One question and one answer a line, as JSON."""
import base64
import configparser
import io
import json
import sys

for question in sys.stdin:
    q = json.loads(question)
    parser = configparser.ConfigParser(strict=not q["lenient"], inline_comment_prefixes=q["inline"] or None)
    if not q["lower"]:
        parser.optionxform = str
    answer = {}
    try:
        stream = io.TextIOWrapper(io.BytesIO(base64.b64decode(q["text"])), encoding="utf-8")
        parser.read_file(stream, "x.ini")
        sections = [["DEFAULT", list(parser._defaults.items())]]
        sections += [[name, list(keys.items())] for name, keys in parser._sections.items()]
        answer["sections"] = sections
        answer["values"] = []
        for name, keys in sections:
            for key, _ in keys:
                try:
                    answer["values"].append(["ok", parser.get(name, key)])
                except configparser.Error as e:
                    answer["values"].append([type(e).__name__, str(e)])
    except Exception as e:
        answer = {"error": type(e).__name__, "message": str(e)}
    print(json.dumps(answer))
