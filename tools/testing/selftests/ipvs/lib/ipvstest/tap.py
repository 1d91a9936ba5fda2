# SPDX-License-Identifier: GPL-2.0
"""What a Python helper reports to the script that runs it: remarks, failures, exit status."""

import difflib
import fnmatch
import os
import sys

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
failures = 0


def note(text):
    print('#   ' + text, flush=True)


def fail(text):
    global failures
    failures += 1
    print('# FAIL: ' + text, flush=True)


def check(condition, text):
    if not condition:
        fail(text)
    return condition


def equal(got, wanted, what):
    return check(got == wanted, '%s: got %r, wanted %r' % (what, got, wanted))


def kernel_is(pattern):
    """Whether the kernel, as the lab calls it, is one of them."""
    return fnmatch.fnmatch(os.environ.get('KERNEL', ''), pattern)


def on_purpose(name, wanted):
    """The golden lines with those replaced in which this implementation differs on purpose:
    `golden IMPL KERNEL NAME | line | reason` in the file `differences` replaces the golden line
    that has the same text up to its last colon."""
    with open(os.path.join(HERE, 'differences')) as file:
        for entry in file:
            if not entry.startswith('golden '):
                continue
            where, line, _ = (part.strip() for part in entry.split('|'))
            _, impl, kernel, of = where.split()
            if of != name or impl != os.environ.get('IMPL') \
                    or not kernel_is(kernel):
                continue
            key = line.rpartition(':')[0] + ':'
            wanted = [line + '\n' if old.startswith(key) else old for old in wanted]
    return wanted


def golden(name, lines):
    """Compare with golden/NAME, or write it below OUT when UPDATE_GOLDEN is set."""
    lines = [line + '\n' for line in lines]
    if os.environ.get('UPDATE_GOLDEN'):
        folder = os.environ.get('GOLDEN_DIR') or os.environ.get('OUT', '/tmp') + '/golden'
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, name), 'w') as out:
            out.writelines(lines)
        note('wrote golden %s' % name)
        return
    with open(os.path.join(HERE, 'golden', name)) as file:
        wanted = on_purpose(name, file.readlines())
    if lines == wanted:
        return
    for line in difflib.unified_diff(wanted, lines, 'wanted', 'got', n=0):
        note(line.rstrip())
    fail('%s differs from its golden copy' % name)


def finish():
    sys.exit(1 if failures else 0)
