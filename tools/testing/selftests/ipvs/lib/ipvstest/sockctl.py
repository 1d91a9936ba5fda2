# SPDX-License-Identifier: GPL-2.0
"""The socket options of a raw IPv4 socket, with which programs older than the netlink family
configure services. Failures return the name of the errno, success 0 or the answer."""

import ctypes
import errno
import socket
import struct

from .namespaces import namespace

BASE = 64 + 1024 + 64
SET = dict(NONE=0, INSERT=1, ADD=2, EDIT=3, DEL=4, FLUSH=5, LIST=6, ADDDEST=7, DELDEST=8,
           EDITDEST=9, TIMEOUT=10, STARTDAEMON=11, STOPDAEMON=12, RESTORE=13, SAVE=14, ZERO=15)
GET = dict(VERSION=0, INFO=1, SERVICES=2, SERVICE=3, DESTS=4, DEST=5, TIMEOUT=6, DAEMON=7)
SERVICE, DEST = '=HxxIHxxI16sIII', '=IHxxIiII'
STATS = '=IIIxxxxQQIIIIIxxxx'
SERVICE_SIZE, DEST_SIZE = 104, 96
ON = 0xffffffff
libc = ctypes.CDLL(None, use_errno=True)


def name_of(code):
    return {errno.EOPNOTSUPP: 'EOPNOTSUPP'}.get(code) or errno.errorcode[code]


def ip(address):
    return struct.unpack('=I', socket.inet_aton(address))[0]


def address(number):
    return socket.inet_ntoa(struct.pack('=I', number))


def service(addr='0.0.0.0', port=0, proto=6, mark=0, sched=b'', flags=0, timeout=0, netmask=ON):
    return struct.pack(SERVICE, proto, ip(addr), socket.htons(port), mark, sched, flags, timeout,
                       netmask)


def dest(addr, port, method=0, weight=1, upper=0, lower=0):
    return struct.pack(DEST, ip(addr), socket.htons(port), method, weight, upper, lower)


def daemon(state=0, interface=b'', syncid=0):
    return struct.pack('=i16si', state, interface, syncid)


def stats(data):
    return dict(zip(('conns', 'inpkts', 'outpkts', 'inbytes', 'outbytes', 'cps', 'inpps', 'outpps',
                     'inbps', 'outbps'), struct.unpack(STATS, data)))


def service_entry(data):
    proto, addr, port, mark, sched, flags, timeout, mask = struct.unpack(SERVICE, data[:44])
    return dict(proto=proto, addr=address(addr), port=socket.ntohs(port), mark=mark,
                sched=sched.split(b'\0')[0].decode(), flags=flags, timeout=timeout,
                netmask=address(mask), dests=struct.unpack('=I', data[44:48])[0],
                stats=stats(data[48:104]))


def dest_entry(data):
    fields = struct.unpack('=IHxxIiIIIII', data[:36])
    return dict(zip(('addr', 'port', 'flags', 'weight', 'upper', 'lower', 'active', 'inactive',
                     'persistent'), fields), addr=address(fields[0]),
                port=socket.ntohs(fields[1]), stats=stats(data[40:96]))


class Sockopts:
    def __init__(self, ns='director'):
        with namespace(ns):
            self.sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)

    def set(self, command, data=b''):
        number = BASE + SET.get(command, command)
        if libc.setsockopt(self.sock.fileno(), 0, number, data, len(data)):
            return name_of(ctypes.get_errno())
        return 0

    def get(self, command, data, size=None):
        """(error, bytes); the buffer has `size` bytes, or the length of `data`."""
        number = BASE + GET.get(command, command)
        buffer = ctypes.create_string_buffer(data, max(len(data), size or 0))
        size = ctypes.c_uint(len(data) if size is None else size)
        if libc.getsockopt(self.sock.fileno(), 0, number, buffer, ctypes.byref(size)):
            return name_of(ctypes.get_errno()), b''
        return 0, buffer.raw[:size.value]

    def must_set(self, command, data=b''):
        error = self.set(command, data)
        if error:
            raise OSError('%s: %s' % (command, error))

    def must_get(self, command, data):
        error, answer = self.get(command, data)
        if error:
            raise OSError('%s: %s' % (command, error))
        return answer

    def info(self):
        """(version, table size, number of IPv4 services)"""
        return struct.unpack('=III', self.must_get('INFO', bytes(12)))

    def version(self):
        return self.must_get('VERSION', bytes(64)).decode()

    def services(self, room=None):
        room = self.info()[2] if room is None else room
        data = self.must_get('SERVICES', struct.pack('=Ixxxx', room) + bytes(SERVICE_SIZE * room))
        found = [service_entry(data[8 + i * SERVICE_SIZE:][:SERVICE_SIZE]) for i in range(room)]
        return [entry for entry in found if entry['proto'] or entry['mark']]

    def service(self, **key):
        return service_entry(self.must_get('SERVICE', service(**key) + bytes(60)))

    def dests(self, room=None, **key):
        room = self.service(**key)['dests'] if room is None else room
        data = self.must_get('DESTS', service(**key)[:16] + struct.pack('=Ixxxx', room) +
                             bytes(DEST_SIZE * room))
        found = [dest_entry(data[24 + i * DEST_SIZE:][:DEST_SIZE]) for i in range(room)]
        return [entry for entry in found if entry['flags']]
