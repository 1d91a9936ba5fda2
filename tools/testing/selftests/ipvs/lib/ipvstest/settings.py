# SPDX-License-Identifier: GPL-2.0
"""Sets net.ipv4.vs.* of a namespace for a while."""

import os

from .namespaces import namespace

FOLDER = '/proc/sys/net/ipv4/vs/'


class Knobs:
    """with Knobs(drop_entry=3) as knobs: the previous values are restored at the end."""

    def __init__(self, ns='director', **values):
        self.ns, self.values, self.before = ns, values, {}

    def __enter__(self):
        self.set(**self.values)
        return self

    def __exit__(self, *_):
        for name, value in self.before.items():
            self._write(name, value)

    def _write(self, name, value):
        with namespace(self.ns), open(FOLDER + name, 'w') as file:
            file.write(str(value))

    def has(self, name):
        with namespace(self.ns):
            return os.path.exists(FOLDER + name)

    def get(self, name):
        with namespace(self.ns), open(FOLDER + name) as file:
            return file.read().strip()

    def set(self, **values):
        for name, value in values.items():
            self.before.setdefault(name, self.get(name))
            self._write(name, value)
