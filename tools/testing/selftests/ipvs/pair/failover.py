#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Long-lived connections through a failover: failover.py N [ADDRESS PORT]...

Opens N connections to each address and port, where servers.py answers, and says `open` when each
has been answered. From then on each asks again every few seconds, but not after the order `hush`:
when all have been answered, it says `hushed`.
When told `judge`, waits until each has got another answer or is lost, and says `judged` and for each
address and port how many

  survived    were answered by their server
  reset, ...  got this error
  moved       were answered by another server
  timed-out   got no answer in PATIENCE seconds

and the longest time that one of the survivors waited for its answer; then an empty line. Goes on
until its input ends.
"""

import collections
import errno
import os
import resource
import selectors
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
from ipvstest.pkt import endpoint  # noqa: E402

AT_ONCE = 256           # connections being opened
RATE = 500              # questions a second, of all connections
PERIOD = 2              # at least, between two questions of a connection
PATIENCE = 45
poll = selectors.DefaultSelector()


class Conn:
    def __init__(self, address, port):
        self.where = endpoint(address, port)
        self.server, self.fate = None, None
        self.asked = self.answered = self.wait = 0
        family = socket.AF_INET6 if ':' in address else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        self.sock.setblocking(False)
        self.sock.connect_ex((address, port))
        poll.register(self.sock, selectors.EVENT_WRITE, self)

    def ask(self):
        try:
            self.asked = time.monotonic()
            self.sock.send(b'who\n')
        except OSError as error:
            self.end(errno.errorcode[error.errno])

    def ready(self, mask):
        if mask & selectors.EVENT_WRITE:
            poll.modify(self.sock, selectors.EVENT_READ, self)
            self.ask()
            return
        try:
            self.hear(self.sock.recv(100))
        except ConnectionResetError:
            self.end('reset')
        except OSError as error:
            self.end(errno.errorcode[error.errno])

    def hear(self, name):
        if not name:
            self.end('closed')
        elif name != (self.server or name):
            self.end('moved')
        else:
            now = time.monotonic()
            self.wait = max(self.wait, now - self.asked)
            self.server, self.answered = name, now

    def end(self, fate):
        self.fate = fate
        poll.unregister(self.sock)
        self.sock.close()

    def waits(self):
        return not self.fate and self.asked > self.answered


def serve(seconds=0.1):
    """Handles what has arrived. Returns whether there is an order."""
    ordered = False
    for key, mask in poll.select(seconds):
        if key.data:
            key.data.ready(mask)
        else:
            ordered = True
    return ordered


def open_all(number, targets):
    conns, opening = [], []
    for target in targets:
        for _ in range(number):
            conns.append(Conn(*target))
            opening.append(conns[-1])
            while len(opening) >= AT_ONCE:
                serve()
                opening = [conn for conn in opening if not conn.fate and not conn.answered]
    end = time.monotonic() + PATIENCE
    while any(not conn.fate and not conn.answered for conn in conns) and time.monotonic() < end:
        serve()
    return conns


def talk(conns, done, hushed=False):
    """All connections ask in turns, unless hushed, until done() or an order."""
    period = max(PERIOD, len(conns) / RATE)
    turns = collections.deque(conns)
    while not done():
        now = time.monotonic()
        for _ in range(0 if hushed else len(turns)):
            if turns[0].asked + period > now:
                break
            if not turns[0].fate and not turns[0].waits():
                turns[0].ask()
            turns.rotate(-1)
        if serve(0.02):
            return


def judge(conns):
    since = time.monotonic()
    for conn in conns:
        conn.wait = 0
    talk(conns, lambda: time.monotonic() > since + PATIENCE or
         all(conn.fate or conn.answered > since for conn in conns))
    print('judged')
    fate = {conn: conn.fate or ('survived' if conn.answered > since else 'timed-out')
            for conn in conns}
    for where in dict.fromkeys(conn.where for conn in conns):
        group = [conn for conn in conns if conn.where == where]
        counts = collections.Counter({'survived': 0, 'reset': 0, 'timed-out': 0})
        counts.update(fate[conn] for conn in group)
        wait = max((conn.wait for conn in group if fate[conn] == 'survived'), default=0)
        print('%s %s; longest wait %.1f s' % (
            where, ', '.join('%d %s' % (count, fate) for fate, count in counts.items()), wait))


def main():
    number, places = int(sys.argv[1]), sys.argv[2:]
    targets = list(zip(places[::2], map(int, places[1::2])))
    needed = number * len(targets) + 100
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, needed))
    conns = open_all(number, targets)
    orders = open(0, 'rb', buffering=0)     # nothing waits in a buffer unseen by poll
    poll.register(orders, selectors.EVENT_READ)
    print('open', flush=True)
    order = ''
    while True:
        talk(conns, lambda: False, hushed=order == 'hush')
        order = orders.readline().strip().decode()
        if not order:
            return
        if order == 'hush':
            talk(conns, lambda: not any(conn.waits() for conn in conns), hushed=True)
            print('hushed', flush=True)
        if order == 'judge':
            poll.unregister(orders)
            judge(conns)
            poll.register(orders, selectors.EVENT_READ)
            print(flush=True)


main()
