# SPDX-License-Identifier: GPL-2.0
"""The sync daemons of a director, and the other director: a receiver and a sender of messages on
server2's end of the back link."""

import os
import select
import socket
import struct
import time

from . import genl, pkt
from .genl import TOP_DAEMON, attr, attrs_of, nest, number, text, u8, u16, u32
from .namespaces import namespace
from .wire import wait_until

MASTER, BACKUP = 1, 2
(STATE, INTERFACE, SYNC_ID, MAXLEN, GROUP, GROUP6, PORT, TTL) = range(1, 9)
GROUP4, DEFAULT_PORT = '224.0.0.81', 8848
RECVTTL, MULTICAST_IF6, MULTICAST_LOOP6, JOIN_GROUP6, RECVHOPLIMIT = 12, 17, 19, 20, 51


def daemon_attrs(state=None, interface=None, syncid=None, maxlen=None, group=None, port=None,
                 ttl=None):
    """The attribute DAEMON; what is None is left out."""
    attrs = []
    for value, make, kind in ((state, u32, STATE), (interface, text, INTERFACE),
                              (syncid, u32, SYNC_ID), (maxlen, u16, MAXLEN), (port, u16, PORT),
                              (ttl, u8, TTL)):
        if value is not None:
            attrs.append(make(kind, value))
    if group is not None:
        attrs.append(attr(GROUP6 if pkt.is6(group) else GROUP, pkt.packed(group)))
    return nest(TOP_DAEMON, attrs)


# processes that are no such threads: looking at all of them takes long on emulated processors
others = set()


def threads():
    """[(name, state)] of the daemons' threads in all namespaces."""
    found = []
    for pid in set(filter(str.isdigit, os.listdir('/proc'))) - others:
        try:
            with open('/proc/%s/stat' % pid) as file:
                name, state = file.read().split(' (', 1)[1].rsplit(')', 1)
        except OSError:
            continue
        if name.startswith(('ipvs-m', 'ipvs-b')):
            found.append((name, state.split()[0]))
        else:
            others.add(pid)
    return sorted(found)


def running():
    """Waits for the threads: the in-tree ip_vs fails to stop a thread that has not run yet, and
    does not answer the request by netlink."""
    wait_until(lambda: all(state == 'S' for _, state in threads()))


class Daemons:
    """Starts and stops the daemons; failures return the name of the errno."""

    def __init__(self, ns='director'):
        self.ipvs = genl.Ipvs(ns)

    def start(self, state, interface='back', syncid=0, **options):
        return self.new(daemon_attrs(state, interface, syncid, **options))

    def new(self, *attrs):
        error = self.ipvs.call('NEW_DAEMON', *attrs).error
        if not error:
            running()
        return error

    def must_start(self, state, *args, **options):
        error = self.start(state, *args, **options)
        if error:
            raise OSError('the daemon does not start: ' + error)

    def stop(self, state):
        return self.ipvs.call('DEL_DAEMON', daemon_attrs(state)).error

    def stop_all(self):
        for state in (MASTER, BACKUP):
            self.stop(state)

    def listed(self):
        """[{attribute: bytes}] of the daemons that run."""
        return [dict(attrs_of(dict(attrs)[TOP_DAEMON]))
                for _, attrs in self.ipvs.must('GET_DAEMON', dump=True).messages]


def shown(daemon):
    """A listed daemon as text."""
    group = daemon.get(GROUP, daemon.get(GROUP6, b''))
    return '%s on %s, id %d, maxlen %d, group %s, port %d, ttl %d' % (
        {MASTER: 'master', BACKUP: 'backup'}[number(daemon[STATE])],
        daemon[INTERFACE].rstrip(b'\0').decode(), number(daemon[SYNC_ID]), number(daemon[MAXLEN]),
        pkt.shown(group), number(daemon[PORT]), number(daemon[TTL]))


def interface_in(ns, dev):
    with namespace(ns):
        return socket.if_nametoindex(dev)


def open_socket(ns, family):
    with namespace(ns):
        sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return sock


class Datagram:
    def __init__(self, data, cmsgs, peer, port):
        self.data, self.sender, self.port = data, peer[0].split('%')[0], port
        self.ttl = struct.unpack('i', cmsgs[0][2])[0]


class Receiver:
    """Joins the group on server2's end of the link and receives on some ports."""

    def __init__(self, group=GROUP4, ports=(DEFAULT_PORT,), ns='server2', dev='back'):
        self.socks = {}
        index = interface_in(ns, dev)
        for port in ports:
            if pkt.is6(group):
                sock = open_socket(ns, socket.AF_INET6)
                sock.setsockopt(socket.IPPROTO_IPV6, RECVHOPLIMIT, 1)
                sock.bind((group, port, 0, index))
                sock.setsockopt(socket.IPPROTO_IPV6, JOIN_GROUP6,
                                pkt.packed(group) + struct.pack('I', index))
            else:
                sock = open_socket(ns, socket.AF_INET)
                sock.setsockopt(socket.IPPROTO_IP, RECVTTL, 1)
                sock.bind((group, port))
                sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                                pkt.packed(group) + struct.pack('=4si', bytes(4), index))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            self.socks[sock] = port

    def receive(self, seconds):
        """The next datagram, or None after this time."""
        ready = select.select(list(self.socks), [], [], max(seconds, 0))[0]
        if not ready:
            return None
        data, cmsgs, _, peer = ready[0].recvmsg(65536, 64)
        return Datagram(data, cmsgs, peer, self.socks[ready[0]])

    def until(self, match, seconds=10.0):
        """The datagrams up to the first that matches (None at the end: it did not come)."""
        found, end = [], time.monotonic() + seconds
        while not found or (found[-1] and not match(found[-1])):
            found.append(self.receive(end - time.monotonic()))
        return found

    def close(self):
        for sock in self.socks:
            sock.close()


class Sender:
    """Sends datagrams to the group from server2's end of the link."""

    def __init__(self, group=GROUP4, port=DEFAULT_PORT, ns='server2', dev='back'):
        index = interface_in(ns, dev)
        if pkt.is6(group):
            self.sock = open_socket(ns, socket.AF_INET6)
            self.sock.setsockopt(socket.IPPROTO_IPV6, MULTICAST_IF6, index)
            self.sock.setsockopt(socket.IPPROTO_IPV6, MULTICAST_LOOP6, 0)
            self.to = (group, port, 0, index)
        else:
            self.sock = open_socket(ns, socket.AF_INET)
            self.sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                                 struct.pack('=4s4si', bytes(4), bytes(4), index))
            self.sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
            self.to = (group, port)

    def send(self, data):
        self.sock.sendto(data, self.to)

    def close(self):
        self.sock.close()
