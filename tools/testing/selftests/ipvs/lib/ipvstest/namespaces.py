# SPDX-License-Identifier: GPL-2.0
"""Entering network namespaces (os.setns needs Python 3.12)."""

import ctypes
import os

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


class namespace:
    """with namespace('director'): sockets and files opened inside keep belonging to it. None: the
    current namespace."""

    def __init__(self, name):
        self.name = name

    def __enter__(self):
        if self.name is None:
            return
        self.home = os.open('/proc/self/ns/net', os.O_RDONLY)
        fd = os.open('/run/netns/' + self.name, os.O_RDONLY)
        if libc.setns(fd, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), 'setns ' + self.name)
        os.close(fd)

    def __exit__(self, *_):
        if self.name is None:
            return
        libc.setns(self.home, CLONE_NEWNET)
        os.close(self.home)


def command_in(name, *command):
    """The command line that runs a command in a network namespace."""
    return ('nsenter', '--net=/run/netns/' + name, '--') + command
