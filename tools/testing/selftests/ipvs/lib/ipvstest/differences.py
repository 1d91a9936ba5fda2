# SPDX-License-Identifier: GPL-2.0
"""The table `differences`: where one implementation is tested differently, and why.

A line has five columns, separated by tabs: implementation, kernel, kind, pattern, reason. The
kernel is a shell pattern. Kinds:
  test    pattern is a shell pattern of script:test; the test is skipped
  golden  pattern is FILE:LINE; LINE replaces the golden line that is equal up to its last colon
  row     pattern is a shell pattern of a row of the packet table; the row may differ

Run as a program, it prints the lines of one kind (default: test) for IMPL and KERNEL as
pattern<TAB>reason. lib.sh calls it once per run, as starting Python is slow on emulated kernels.
"""

import fnmatch
import os
import sys

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'differences')
KINDS = ('test', 'golden', 'row')


def parsed(path=TABLE):
    """All lines as [implementation, kernel, kind, pattern, reason]."""
    entries = []
    with open(path) as file:
        for number, line in enumerate(file, 1):
            if not line.strip() or line.startswith('#'):
                continue
            columns = line.rstrip('\n').split('\t')
            if len(columns) != 5 or columns[2] not in KINDS or not all(columns):
                raise ValueError('%s:%d: not implementation, kernel, kind, pattern, reason' %
                                 (path, number))
            entries.append(columns)
    return entries


def of_kind(kind):
    """[(pattern, reason)] for this implementation and kernel."""
    ours, running = os.environ.get('IMPL', ''), os.environ.get('KERNEL', '')
    return [(pattern, reason) for impl, kernel, what, pattern, reason in parsed()
            if what == kind and impl == ours and fnmatch.fnmatchcase(running, kernel)]


def reason_for_row(name):
    """Why this row of the packet table may differ, or None."""
    for pattern, reason in of_kind('row'):
        if fnmatch.fnmatchcase(name, pattern):
            return reason
    return None


def golden(name, lines):
    """The lines of the golden file NAME, with those replaced in which this implementation
    differs."""
    for pattern, _ in of_kind('golden'):
        file, _, line = pattern.partition(':')
        if file == name:
            key = line.rpartition(':')[0] + ':'
            lines = [line + '\n' if old.startswith(key) else old for old in lines]
    return lines


if __name__ == '__main__':
    for entry in of_kind(sys.argv[1] if sys.argv[1:] else 'test'):
        print('\t'.join(entry))
