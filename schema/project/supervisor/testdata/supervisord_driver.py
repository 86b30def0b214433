"""Reads configurations with supervisord's own reader. One question and one answer a line, as JSON."""
import json
import os
import shlex
import signal
import sys

from supervisor import datatypes
from supervisor.options import ServerOptions

RESTART = {datatypes.RestartUnconditionally: "true", datatypes.RestartWhenExitUnexpected: "unexpected", False: "false"}


def log(value):
    if value is None:
        return "none"
    if value is datatypes.Automatic:
        return "auto"
    return value


def words(command):
    try:
        return shlex.split(command)
    except ValueError as e:
        return str(e)


for question in sys.stdin:
    q = json.loads(question)
    options = ServerOptions()
    options.here = os.path.dirname(q["file"])
    options.configfile = q["file"]
    options.environ_expansions = {"ENV_" + k: v for k, v in q["env"].items()}
    answer = {"error": "", "processes": []}
    try:
        section = options.read_config(q["file"])
        for group in section.process_group_configs:
            for p in group.process_configs:
                answer["processes"].append({
                    "group": group.name, "name": p.name, "command": p.command, "words": words(p.command),
                    "directory": p.directory or "", "autostart": p.autostart, "autorestart": RESTART[p.autorestart],
                    "startsecs": p.startsecs, "stopsignal": int(p.stopsignal), "stopwaitsecs": p.stopwaitsecs,
                    "stopasgroup": p.stopasgroup, "killasgroup": p.killasgroup, "redirect_stderr": p.redirect_stderr,
                    "stdout_logfile": log(p.stdout_logfile), "stderr_logfile": log(p.stderr_logfile),
                    "environment": p.environment, "priority": p.priority,
                })
    except Exception as e:
        answer["error"] = str(e) or type(e).__name__
    print(json.dumps(answer))
