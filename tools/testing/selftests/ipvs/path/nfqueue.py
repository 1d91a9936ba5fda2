#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""nfqueue.py QUEUE: reinjects every packet of an NFQUEUE of this namespace unchanged."""

import socket
import struct
import sys

from ipvstest import genl
from ipvstest.genl import attr, attrs_of

NETLINK_NETFILTER, SUBSYS_QUEUE = 12, 3
PACKET, VERDICT, CONFIG = range(3)
CFG_CMD, CFG_PARAMS = 1, 2
PACKET_HDR, VERDICT_HDR = 1, 2
BIND, COPY_META, NF_ACCEPT = 1, 1, 1
SO_RCVBUFFORCE = 33


def message(queue, kind, attrs):
    body = struct.pack('!BBH', socket.AF_UNSPEC, 0, queue) + attrs
    return genl.message(SUBSYS_QUEUE << 8 | kind, 0, 0, body)


def main(queue):
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 23)
    sock.bind((0, 0))
    sock.send(message(queue, CONFIG, attr(CFG_CMD, struct.pack('!BBH', BIND, 0, 0))))
    sock.send(message(queue, CONFIG, attr(CFG_PARAMS, struct.pack('!IB', 0, COPY_META))))
    while True:
        data = sock.recv(1 << 16)
        if struct.unpack('H', data[4:6])[0] != SUBSYS_QUEUE << 8 | PACKET:
            sys.exit('nfqueue.py: refused: %r' % data)
        number = dict(attrs_of(data[20:]))[PACKET_HDR][:4]
        sock.send(message(queue, VERDICT, attr(VERDICT_HDR, struct.pack('!I', NF_ACCEPT) + number)))


main(int(sys.argv[1]))
