#!/usr/bin/env python3
"""Times commands as whole processes, in turn, and prints wall time and peak memory.

usage: compare.py RUNS DIR (LABEL COMMAND)...

The commands run one after the other in each round, so that a change in the machine's speed meets all of them. Figures are
the median over RUNS rounds after one that does not count; memory is the largest resident size of a run. The last column
is the time beside the first command whose label starts with the same word.
"""
import os
import shlex
import statistics
import subprocess
import sys
import time


def once(command, cwd):
    start = time.perf_counter()
    process = subprocess.Popen(shlex.split(command), cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return (time.perf_counter() - start) * 1000, usage.ru_maxrss / 1024


def main():
    runs, cwd, rest = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    commands = list(zip(rest[::2], rest[1::2]))
    times = {label: [] for label, _ in commands}
    memory = {label: 0.0 for label, _ in commands}
    for round_ in range(runs + 1):
        for label, command in commands:
            ms, mb = once(command, cwd)
            if round_:
                times[label].append(ms)
                memory[label] = max(memory[label], mb)
    first = {}
    print(f"{'command':45} {'median ms':>10} {'min ms':>8} {'peak MB':>8} {'beside gsrv':>12}")
    for label, _ in commands:
        median = statistics.median(times[label])
        base = first.setdefault(label.split(":")[0], median)
        print(f"{label:45} {median:10.1f} {min(times[label]):8.1f} {memory[label]:8.1f} {median / base:11.1f}x")


main()
