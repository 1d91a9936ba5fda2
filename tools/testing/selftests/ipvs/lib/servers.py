#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Real servers, and a client: servers.py PORT[,PORT] WISHES ANSWERS NAMESPACE...

One process serves these ports in all namespaces, TCP and UDP, both families, under the name of the
namespace. The first line of a TCP client is its wish:
  who        the server's name; the connection stays open
  sum        SHA-256 of everything up to the client's FIN
  give N     N bytes of a known pattern, then FIN
  bye        the name, then FIN first from this side
A datagram is answered with the name, a space and the datagram, from its destination address.

A second process is the client (ask.py), which reads its orders from the pipe WISHES: Python starts
once instead of once per question.
"""

import os
import selectors
import signal
import socket
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import ask  # noqa: E402
from ipvstest.namespaces import libc, namespace  # noqa: E402

HAS_IPV6 = os.path.exists('/proc/sys/net/ipv6')
IP_PKTINFO = 8
PR_SET_PDEATHSIG = 1
PATTERN = bytes(range(251)) * 4096
poll = selectors.DefaultSelector()


class Peer:
    """One accepted TCP connection."""

    def __init__(self, sock, name):
        sock.setblocking(False)
        self.sock, self.name = sock, name
        self.digest, self.line, self.out, self.closing = None, b'', b'', False
        self.left = self.given = 0
        poll.register(sock, selectors.EVENT_READ, self.ready)

    def ready(self, mask):
        try:
            if mask & selectors.EVENT_READ:
                self.read()
            if self.sock.fileno() >= 0:
                self.write()
        except OSError:
            self.close()

    def read(self):
        data = self.sock.recv(1 << 18)
        if not data:
            if self.digest:
                self.out += self.digest.hexdigest().encode() + b'\n'
            self.closing = True
            return
        if self.digest:
            self.digest.update(data)
            return
        self.line += data
        while b'\n' in self.line and not self.digest:
            wish, self.line = self.line.split(b'\n', 1)
            self.grant(wish.split())
        if self.digest:
            self.digest.update(self.line)

    def grant(self, wish):
        if wish[:1] == [b'sum']:
            import hashlib  # here, as few clients need it and the import is slow
            self.digest = hashlib.sha256()
        elif wish[:1] == [b'give']:
            self.left, self.closing = int(wish[1]), True
        else:
            self.out += self.name + b'\n'
            self.closing = wish[:1] == [b'bye']

    def write(self):
        while self.out or self.left:
            if not self.out:
                start = self.given % 251
                self.out = PATTERN[start:start + min(self.left, len(PATTERN) - 251)]
                self.left -= len(self.out)
                self.given += len(self.out)
            try:
                self.out = self.out[self.sock.send(self.out):]
            except BlockingIOError:
                poll.modify(self.sock, selectors.EVENT_READ | selectors.EVENT_WRITE, self.ready)
                return
        poll.modify(self.sock, selectors.EVENT_READ, self.ready)
        if self.closing:
            self.close()

    def close(self):
        if self.sock.fileno() >= 0:
            poll.unregister(self.sock)
            self.sock.close()


def listen_tcp(name, port):
    if HAS_IPV6:
        sock = socket.create_server(('::', port), family=socket.AF_INET6, backlog=512,
                                    dualstack_ipv6=True)
    else:
        sock = socket.create_server(('', port), backlog=512)
    sock.setblocking(False)
    poll.register(sock, selectors.EVENT_READ, lambda _: Peer(sock.accept()[0], name))


def listen_udp(name, port, family):
    level, option, form = ((socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, '16sI')
                           if family == socket.AF_INET6 else
                           (socket.IPPROTO_IP, IP_PKTINFO, 'I4s4s'))
    sock = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6:
        sock.setsockopt(level, socket.IPV6_V6ONLY, 1)
        sock.setsockopt(level, socket.IPV6_RECVPKTINFO, 1)
    else:
        sock.setsockopt(level, option, 1)
    sock.bind(('', port))
    sock.setblocking(False)

    def answer(_):
        data, cmsgs, _, peer = sock.recvmsg(65536, 256)
        info = struct.unpack(form, cmsgs[0][2])
        me = struct.pack(form, info[0], 0) if level == socket.IPPROTO_IPV6 \
            else struct.pack(form, 0, info[2], info[2])
        try:
            sock.sendmsg([name + b' ' + data], [(level, option, me)], 0, peer)
        except OSError as error:
            print(name.decode(), error, file=sys.stderr)

    poll.register(sock, selectors.EVENT_READ, answer)


def client(wishes, answers):
    """Runs the client in a child process, which ends with this one."""
    if os.fork() == 0:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        with open(wishes) as wished, open(answers, 'w') as answered:
            ask.serve(wished, answered)
        os._exit(0)


def main():
    ports, wishes, answers = sys.argv[1].split(','), sys.argv[2], sys.argv[3]
    if wishes != '-':
        client(wishes, answers)
    for ns in sys.argv[4:]:
        name = ns.encode()
        with namespace(ns):
            for port in map(int, ports):
                listen_udp(name, port, socket.AF_INET)
                if HAS_IPV6:
                    listen_udp(name, port, socket.AF_INET6)
                listen_tcp(name, port)
    print('ready', flush=True)
    while True:
        for key, mask in poll.select():
            key.data(mask)


main()
