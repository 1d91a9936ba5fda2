#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Rules of check-style that need more than a pattern; prints a line for each violation.

style.py statics FOLDER...   names of static functions, each folder on its own
style.py rst FILE...         lines of text longer than 80 columns
style.py python FILE...      syntax errors
"""

import ast
import collections
import os
import re
import sys

NOISE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:[^"\\\n]|\\.)*"', re.S)
STATIC = re.compile(r'^static\b[^;{}()=#]*?\b(\w+)\(([^;{}]*?)\)[^;{}()=]*\{', re.M)
# two words, but no object in the name
GENERIC = {'free_rcu', 'look_up', 'set_up', 'clean_up', 'do_work', 'get_info'}
COLUMNS = 80
# An indented block is not text after a line that ends in "::", or after one of these directives.
LITERAL = re.compile(r' *(\.\. (code|code-block|parsed-literal|list-table|csv-table|figure|image)::'
                     r'|(?!\.\. ).*::\s*$)')


def sources(folder):
    for path, _, names in os.walk(folder):
        if os.path.basename(path) in ('compat', 'tests', 'build'):
            continue
        for name in sorted(names):
            if name.endswith(('.c', '.h')) and not name.endswith('.mod.c'):
                yield os.path.join(path, name)


def check_statics(folder):
    """A name in a stack trace, in ftrace or perf must identify one function and its object."""
    files = collections.defaultdict(set)
    for path in sources(folder):
        with open(path, encoding='utf-8') as file:
            code = NOISE.sub(' ', file.read())
        for match in STATIC.finditer(code):
            files[match.group(1)].add(path)
    for name, paths in sorted(files.items()):
        if name == 'main':
            continue
        if len(paths) > 1:
            print('%s: static function %s() exists in %d files' % (
                ' '.join(sorted(paths)), name, len(paths)))
        if '_' not in name or name in GENERIC:
            print('%s: static function %s() does not name its object' % (
                ' '.join(sorted(paths)), name))


def is_border(line):
    return re.fullmatch(r' *=+( +=+)+ *', line)


def check_rst(path):
    with open(path, encoding='utf-8') as file:
        lines = file.read().split('\n')
    literal = None		# indentation of the paragraph that introduces a literal block
    table = False
    for i, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if is_border(line):
            after = lines[i + 1] if i + 1 < len(lines) else ''
            table = not table or bool(after.strip())
            continue
        if literal is not None and line.strip() and indent <= literal:
            literal = None
        if literal is None and not table:
            if len(line) > COLUMNS and not re.match(r' *[|+]', line) and is_breakable(line):
                print('%s:%d' % (path, i + 1))
            if LITERAL.match(line):
                literal = indent


def is_breakable(line):
    """Whether the line can be broken: it is not one long word, such as an address."""
    return '://' not in line and max(map(len, line.split())) < COLUMNS - 10


def check_python(path):
    with open(path, encoding='utf-8') as file:
        try:
            ast.parse(file.read())
        except SyntaxError as error:
            print('%s:%s' % (path, error.lineno))


CHECKS = {'statics': check_statics, 'rst': check_rst, 'python': check_python}


def main():
    if len(sys.argv) < 2 or sys.argv[1] not in CHECKS:
        sys.exit(__doc__)
    for argument in sys.argv[2:]:
        CHECKS[sys.argv[1]](argument)


main()
