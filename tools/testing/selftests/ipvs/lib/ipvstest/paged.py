# SPDX-License-Identifier: GPL-2.0
"""Packets whose data lie in pages, split at chosen offsets, sent by a tap device of the
director."""

import fcntl
import os
import struct

from .namespaces import namespace
from .wire import ip_command

TUNSETIFF = 0x400454ca
IFF_TAP, IFF_NAPI, IFF_NAPI_FRAGS, IFF_NO_PI, IFF_VNET_HDR = 2, 0x10, 0x20, 0x1000, 0x4000
MAC = '02:00:00:00:0c:01'
NO_OFFLOAD = bytes(10)


class PagedTap:
    def __init__(self, name='paged'):
        with namespace('director'):
            self.fd = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK)
            flags = IFF_TAP | IFF_NAPI | IFF_NAPI_FRAGS | IFF_NO_PI | IFF_VNET_HDR
            fcntl.ioctl(self.fd, TUNSETIFF, struct.pack('16sH22x', name.encode(), flags))
        ip_command('director', 'link', 'set', name, 'address', MAC)
        ip_command('director', 'link', 'set', name, 'up')
        self.head = bytes.fromhex((MAC + MAC[:-2] + '02').replace(':', ''))

    def send(self, raw, *cuts, offload=NO_OFFLOAD):
        """The first piece is linear, each further one a page."""
        kind = b'\x86\xdd' if raw[0] >> 4 == 6 else b'\x08\x00'
        ends = [0] + sorted(set(cuts)) + [len(raw)]
        pieces = [raw[a:b] for a, b in zip(ends, ends[1:])]
        os.writev(self.fd, [offload, self.head + kind + pieces[0]] + [p for p in pieces[1:] if p])

    def close(self):
        os.close(self.fd)
