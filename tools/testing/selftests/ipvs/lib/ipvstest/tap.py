# SPDX-License-Identifier: GPL-2.0
"""Tests in Python, and their results: notes, failures, skips, exit status.

A test is a function with the decorator `@tap.test`; the file ends with `tap.main()`. lib/py_test.sh
asks for the list of tests (`FILE --list`), sets up the network and calls `FILE TEST [FAMILY]` for
each. A Python file beside a shell script has `@tap.step` functions instead, which the script calls
by name (run_py).
"""

import difflib
import fnmatch
import os
import signal
import subprocess
import sys

from . import differences

SKIPPED = 4             # exit status of a skipped test, as in kselftest
LAUNCHER = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'py_test.sh')
failures = 0
tests, steps, deferred = [], {}, []


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
    """Whether the kernel's name in the lab matches this shell pattern."""
    return fnmatch.fnmatchcase(os.environ.get('KERNEL', ''), pattern)


def skip(reason):
    """Ends the test as skipped, unless it has already failed."""
    if not failures:
        with open(os.environ['TAP_SKIP'], 'w') as file:
            file.write(reason)
        sys.exit(SKIPPED)
    finish()


def golden(name, lines):
    """Compare with golden/NAME beside the test, or write it below OUT when UPDATE_GOLDEN is set."""
    lines = [line + '\n' for line in lines]
    if os.environ.get('UPDATE_GOLDEN'):
        folder = os.environ.get('GOLDEN_DIR') or os.environ.get('OUT', '/tmp') + '/golden'
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, name), 'w') as out:
            out.writelines(lines)
        note('wrote golden %s' % name)
        return
    with open(os.path.join(os.path.dirname(os.path.abspath(sys.argv[0])), 'golden', name)) as file:
        wanted = differences.golden(name, file.readlines())
    if lines == wanted:
        return
    for line in difflib.unified_diff(wanted, lines, 'wanted', 'got', n=0):
        note(line.rstrip())
    fail('%s differs from its golden copy' % name)


def defer(*command):
    """Run a command at the end of the test, also if it is killed; last come, first run."""
    if not deferred:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    deferred.append(command)


def in_user_namespace(name, *launcher):
    """Calls a step of this file as root of a user namespace with a network namespace of its own;
    `launcher` is a command that executes another one, which is appended."""
    if subprocess.run(('unshare', '-Urn', 'true'), check=False,
                      stderr=subprocess.DEVNULL).returncode:
        skip('no user namespaces')
    command = launcher + ('unshare', '-Urn', 'python3', '-S', sys.argv[0], name)
    equal(subprocess.run(command, check=False).returncode, 0, 'status of ' + name)


def step(function):
    """Decorator: a shell script may call this function by its name; numbers arrive as int."""
    steps[function.__name__] = function
    return function


def test(function=None, *, each_family=False):
    """Decorator: a test. With each_family it runs for IPv4 and IPv6, and gets 4 or 6."""
    def register(function):
        tests.append(('each' if each_family else 'once', function.__name__))
        return step(function)
    return register(function) if function else register


def main(tools=(), servers=(), weir_only=''):
    """Ends every file. `tools`: programs without which the tests are skipped. `servers`: namespaces
    in which the answering program runs. `weir_only`: why the in-tree ip_vs is skipped."""
    if not sys.argv[1:]:
        os.execvp('bash', ['bash', LAUNCHER, sys.argv[0]])
    if sys.argv[1] == '--list':
        for entry in [('tool', tool) for tool in tools] + [('weir_only', weir_only)] + \
                [('servers', ' '.join(servers))] + tests:
            if entry[1]:
                print('\t'.join(entry))
        return
    name, *args = sys.argv[1:]
    try:
        steps[name](*(int(arg) if arg.isdigit() else arg for arg in args))
    finally:
        for command in reversed(deferred):
            subprocess.run(command, check=False, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
    finish()


def finish():
    sys.exit(1 if failures else 0)
