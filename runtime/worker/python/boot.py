# Runs the modules that come as JSON behind this on the file f, a descriptor of its own; nothing is written to any disk.
import sys

# "-c" makes the current directory the first to import from: the standard library's modules that are imported from here on
# must not come from the application by accident. The zygote adds the application's directory when it has all that it needs
# itself.
if sys.path and sys.path[0] == "":
    del sys.path[0]

import importlib
import importlib.abc
import importlib.util
import json


class Embedded(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Finds the package "gsrv_worker" in memory, with its source for tracebacks."""

    def __init__(self, sources):
        self.sources = sources

    def find_spec(self, fullname, path=None, target=None):
        package, _, name = fullname.partition(".")
        if package != "gsrv_worker" or name and name not in self.sources:
            return None
        return importlib.util.spec_from_loader(
            fullname, self, origin=self.path(fullname), is_package=not name
        )

    def get_source(self, fullname):
        return self.sources.get(fullname.partition(".")[2], "")

    def get_code(self, fullname):
        return compile(self.get_source(fullname), self.path(fullname), "exec", dont_inherit=True)

    def path(self, fullname):
        # Not in angle brackets: tracebacks would not show the lines.
        return fullname.replace(".", "/") + ".py"

    def is_package(self, fullname):
        return fullname == "gsrv_worker"


def main():
    with f:
        start = json.loads(f.read().decode())
    sys.meta_path.insert(0, Embedded(start.pop("sources")))
    sys.argv[:] = start["argv"]
    importlib.import_module("gsrv_worker." + start.pop("main")).main(start)


main()
