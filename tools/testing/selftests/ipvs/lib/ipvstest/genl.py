# SPDX-License-Identifier: GPL-2.0
"""Generic netlink by hand: the IPVS family, with well-formed and malformed requests."""

import errno
import os
import socket
import struct

from . import pkt
from .namespaces import namespace

NLMSG_ERROR, NLMSG_DONE = 2, 3
F_REQUEST, F_ACK, F_DUMP = 1, 4, 0x300
F_CAPPED, F_ACK_TLVS = 0x100, 0x200
NESTED = 0x8000
SOL_NETLINK, CAP_ACK, EXT_ACK = 270, 10, 11
ERRNO_NAMES = {errno.EOPNOTSUPP: 'EOPNOTSUPP'}     # Python's name for it is ENOTSUP
AF = {4: socket.AF_INET, 6: socket.AF_INET6}

CMD = dict(NEW_SERVICE=1, SET_SERVICE=2, DEL_SERVICE=3, GET_SERVICE=4, NEW_DEST=5, SET_DEST=6,
           DEL_DEST=7, GET_DEST=8, NEW_DAEMON=9, DEL_DAEMON=10, GET_DAEMON=11, SET_CONFIG=12,
           GET_CONFIG=13, SET_INFO=14, GET_INFO=15, ZERO=16, FLUSH=17)
TOP_SERVICE, TOP_DEST, TOP_DAEMON, TOP_TCP, TOP_TCP_FIN, TOP_UDP = 1, 2, 3, 4, 5, 6
(SVC_AF, SVC_PROTOCOL, SVC_ADDR, SVC_PORT, SVC_FWMARK, SVC_SCHED, SVC_FLAGS, SVC_TIMEOUT,
 SVC_NETMASK, SVC_STATS, SVC_PE, SVC_STATS64) = range(1, 13)
(DST_ADDR, DST_PORT, DST_METHOD, DST_WEIGHT, DST_UPPER, DST_LOWER, DST_ACTIVE, DST_INACTIVE,
 DST_PERSISTENT, DST_STATS, DST_AF, DST_STATS64, DST_TUN_TYPE, DST_TUN_PORT,
 DST_TUN_FLAGS) = range(1, 16)
(STAT_CONNS, STAT_INPKTS, STAT_OUTPKTS, STAT_INBYTES, STAT_OUTBYTES, STAT_CPS, STAT_INPPS,
 STAT_OUTPPS, STAT_INBPS, STAT_OUTBPS) = range(1, 11)
MASQ, LOCAL, TUNNEL, DIRECT, BYPASS = range(5)


def attr(kind, data):
    size = 4 + len(data)
    return struct.pack('HH', size, kind) + data + b'\0' * (-size % 4)


def nest(kind, attrs):
    return attr(kind | NESTED, b''.join(attrs))


def u8(kind, value):
    return attr(kind, struct.pack('B', value))


def u16(kind, value):
    return attr(kind, struct.pack('H', value))


def be16(kind, value):
    return attr(kind, struct.pack('!H', value))


def u32(kind, value):
    return attr(kind, struct.pack('I', value & 0xffffffff))


def be32(kind, value):
    return attr(kind, struct.pack('!I', value))


def text(kind, value):
    return attr(kind, value.encode() + b'\0')


def attrs_of(data):
    """[(type without flags, bytes)] of a stream of attributes."""
    found = []
    while len(data) >= 4:
        size, kind = struct.unpack('HH', data[:4])
        if size < 4 or size > len(data):
            raise ValueError('broken attribute in a reply')
        found.append((kind & 0x3fff, data[4:size]))
        data = data[size + 3 & ~3:]
    return found


class Answer:
    """A reply: `error` is 0 or the name of an errno, `text` the message of the extended ack."""

    def __init__(self):
        self.error, self.text, self.messages = None, '', []


def message(kind, flags, seq, body):
    return struct.pack('IHHII', 16 + len(body), kind, F_REQUEST | flags, seq, 0) + body


class Genl:
    def __init__(self, ns='director'):
        with namespace(ns):
            self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
        self.sock.bind((0, 0))
        self.sock.settimeout(10)
        self.sock.setsockopt(SOL_NETLINK, EXT_ACK, 1)
        self.seq = 0

    def request(self, family, cmd, attrs=(), flags=F_ACK, version=1, reserved=0):
        """Sends one message, reads until its ACK, its error or the end of the dump."""
        self.seq += 1
        body = struct.pack('BBH', cmd, version, reserved) + b''.join(attrs)
        self.sock.send(message(family, flags, self.seq, body))
        answer = Answer()
        while answer.error is None:
            self._take(self.sock.recv(1 << 20), answer)
        return answer

    def _take(self, data, answer):
        while len(data) >= 16:
            size, kind, flags, seq, _ = struct.unpack('IHHII', data[:16])
            body, data = data[16:size], data[size + 3 & ~3:]
            if seq != self.seq:
                continue
            if kind in (NLMSG_ERROR, NLMSG_DONE):
                code = struct.unpack('i', body[:4])[0] if len(body) >= 4 else 0
                answer.error = ERRNO_NAMES.get(-code) or errno.errorcode[-code] if code else 0
                if flags & F_ACK_TLVS:
                    self._text(kind, flags, body, answer)
            else:
                answer.messages.append((body[0], attrs_of(body[4:])))

    @staticmethod
    def _text(kind, flags, body, answer):
        skip = 4
        if kind == NLMSG_ERROR:
            skip = 20 if flags & F_CAPPED else 4 + (struct.unpack('I', body[4:8])[0] + 3 & ~3)
        for number, value in attrs_of(body[skip:]):
            if number == 1:
                answer.text = value.rstrip(b'\0').decode()


class Ipvs(Genl):
    def __init__(self, ns='director'):
        super().__init__(ns)
        reply = self.request(16, 3, [text(2, 'IPVS')])
        if reply.error:
            raise OSError('no generic netlink family IPVS: ' + str(reply.error))
        self.info = dict(reply.messages[0][1])
        self.family = struct.unpack('H', self.info[1][:2])[0]

    def call(self, cmd, *attrs, dump=False, version=1):
        flags = F_ACK | (F_DUMP if dump else 0)
        return self.request(self.family, CMD.get(cmd, cmd), attrs, flags, version)

    def must(self, cmd, *attrs, dump=False):
        answer = self.call(cmd, *attrs, dump=dump)
        if answer.error:
            raise OSError('%s: %s %s' % (cmd, answer.error, answer.text))
        return answer

    # Services and destinations from plain values.

    def add_service(self, address, port, proto, sched, flags=0, timeout=0, netmask=None):
        self.must('NEW_SERVICE', nest(TOP_SERVICE, service_id(address, port, proto) + [
            text(SVC_SCHED, sched), attr(SVC_FLAGS, struct.pack('II', flags, 0xffffffff)),
            u32(SVC_TIMEOUT, timeout), netmask_attr(address, netmask)]))

    def knows(self, sched):
        """Whether this kernel has the scheduler: Debian's 6.1 is built without twos."""
        probe = ('127.0.0.127', 1, pkt.UDP)
        try:
            self.add_service(*probe, sched)
        except OSError:
            return False
        self.del_service(*probe)
        return True

    def del_service(self, address, port, proto):
        self.must('DEL_SERVICE', nest(TOP_SERVICE, service_id(address, port, proto)))

    def edit_service(self, address, port, proto, sched):
        self.must('SET_SERVICE', nest(TOP_SERVICE, service_id(address, port, proto) + [
            text(SVC_SCHED, sched), attr(SVC_FLAGS, struct.pack('II', 0, 0xffffffff)),
            u32(SVC_TIMEOUT, 0), netmask_attr(address, None)]))

    def dest(self, cmd, service, address, port, method=MASQ, weight=1, upper=0, lower=0,
             tunnel=None):
        """`tunnel` is (type, port, flags)."""
        attrs = [
            attr(DST_ADDR, packed16(address)), be16(DST_PORT, port), u32(DST_METHOD, method),
            u32(DST_WEIGHT, weight), u32(DST_UPPER, upper), u32(DST_LOWER, lower),
            u16(DST_AF, AF[6 if pkt.is6(address) else 4])]
        if tunnel:
            attrs += [u8(DST_TUN_TYPE, tunnel[0]), be16(DST_TUN_PORT, tunnel[1]),
                      u16(DST_TUN_FLAGS, tunnel[2])]
        self.must(cmd, nest(TOP_SERVICE, service_id(*service)), nest(TOP_DEST, attrs))

    def del_dest(self, service, address, port):
        self.must('DEL_DEST', nest(TOP_SERVICE, service_id(*service)), nest(TOP_DEST, [
            attr(DST_ADDR, packed16(address)), be16(DST_PORT, port),
            u16(DST_AF, AF[6 if pkt.is6(address) else 4])]))

    def dests(self, service):
        """{(address, port): {attribute number: bytes}} of a service."""
        answer = self.must('GET_DEST', nest(TOP_SERVICE, service_id(*service)), dump=True)
        found = {}
        for _, attrs in answer.messages:
            fields = dict(attrs_of(dict(attrs)[TOP_DEST]))
            size = 16 if struct.unpack('H', fields[DST_AF])[0] == socket.AF_INET6 else 4
            family = socket.AF_INET6 if size == 16 else socket.AF_INET
            address = socket.inet_ntop(family, fields[DST_ADDR][:size])
            found[address, struct.unpack('!H', fields[DST_PORT])[0]] = fields
        return found

    def counts(self, service, address, port):
        fields = self.dests(service)[address, port]
        return number(fields[DST_ACTIVE]), number(fields[DST_INACTIVE])

    def service_fields(self, service):
        answer = self.must('GET_SERVICE', nest(TOP_SERVICE, service_id(*service)))
        return dict(attrs_of(dict(answer.messages[0][1])[TOP_SERVICE]))

    def flush(self):
        self.must('FLUSH')


def number(data):
    return int.from_bytes(data, 'little')


def stats_of(fields, kind):
    """{attribute: value} of the nested statistics `kind`."""
    return {k: number(v) for k, v in attrs_of(fields[kind]) if v}


def packed16(address):
    raw = pkt.packed(address)
    return raw + b'\0' * (16 - len(raw))


def netmask_attr(address, netmask):
    if pkt.is6(address):
        return u32(SVC_NETMASK, 128 if netmask is None else netmask)
    return be32(SVC_NETMASK, 0xffffffff if netmask is None else netmask)


def service_id(address, port, proto):
    return [u16(SVC_AF, AF[6 if pkt.is6(address) else 4]), u16(SVC_PROTOCOL, proto),
            attr(SVC_ADDR, packed16(address)), be16(SVC_PORT, port)]


def unprivileged():
    """Gives up root permanently: for a child whose requests must be refused."""
    os.setgroups([])
    os.setresuid(65534, 65534, 65534)
