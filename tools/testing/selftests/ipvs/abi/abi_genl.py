#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The generic netlink family IPVS, message by message: every service and destination command with
valid and with invalid attributes. golden/genl.txt holds the kernel's answers: errnos, and the
contents of dumps. Only the director is used.
"""

import os
import struct

from ipvstest import genl, tap
from ipvstest.genl import (be16, be32, attr, nest, packed16, service_id, text, u8, u16, u32,
                           Ipvs, AF, CMD, TOP_DAEMON, TOP_DEST, TOP_SERVICE)
from ipvstest.pkt import TCP, UDP

VIP = {4: '203.0.113.10', 6: '2001:db8:f::10'}
RIP = {4: '198.51.100.11', 6: '2001:db8:b::11'}
ON = 0xffffffff


def without(attrs, *kinds):
    return [a for a in attrs if struct.unpack('H', a[2:4])[0] not in kinds]


def replaced(attrs, new):
    kind = struct.unpack('H', new[2:4])[0]
    return without(attrs, kind) + [new]


def flags(value=0, mask=ON):
    return attr(genl.SVC_FLAGS, struct.pack('II', value, mask))


class Requests:
    """Complete requests of one family, to be modified."""

    def __init__(self, family):
        self.family = family
        mask = be32(genl.SVC_NETMASK, ON) if family == 4 else u32(genl.SVC_NETMASK, 128)
        self.id = service_id(VIP[family], 80, TCP)
        self.service = self.id + [text(genl.SVC_SCHED, 'rr'), flags(), u32(genl.SVC_TIMEOUT, 0),
                                  mask]
        self.dest_id = [attr(genl.DST_ADDR, packed16(RIP[family])), be16(genl.DST_PORT, 8080)]
        self.dest = self.dest_id + [
            u32(genl.DST_METHOD, 0), u32(genl.DST_WEIGHT, 1), u32(genl.DST_UPPER, 0),
            u32(genl.DST_LOWER, 0), u16(genl.DST_AF, AF[family])]
        self.mark = [u16(genl.SVC_AF, AF[family]), u32(genl.SVC_FWMARK, 7),
                     text(genl.SVC_SCHED, 'wlc'), flags(), u32(genl.SVC_TIMEOUT, 0), mask]


SVC_NAMES = {genl.SVC_AF: 'AF', genl.SVC_PROTOCOL: 'PROTOCOL', genl.SVC_ADDR: 'ADDR',
             genl.SVC_PORT: 'PORT', genl.SVC_SCHED: 'SCHED_NAME', genl.SVC_FLAGS: 'FLAGS',
             genl.SVC_TIMEOUT: 'TIMEOUT', genl.SVC_NETMASK: 'NETMASK'}
DST_NAMES = {genl.DST_ADDR: 'ADDR', genl.DST_PORT: 'PORT', genl.DST_METHOD: 'FWD_METHOD',
             genl.DST_WEIGHT: 'WEIGHT', genl.DST_UPPER: 'U_THRESH', genl.DST_LOWER: 'L_THRESH',
             genl.DST_AF: 'ADDR_FAMILY'}


class Table:
    """Lines of `what: errno`, and the text of the extended ack for each."""

    def __init__(self):
        self.ipvs, self.lines, self.answers = Ipvs(), [], []

    def ask(self, what, cmd, *attrs, dump=False):
        answer = self.ipvs.call(cmd, *attrs, dump=dump)
        self.lines.append('%s: %s' % (what, answer.error or 'ok'))
        self.answers.append((what, answer))
        return answer

    def service(self, what, cmd, attrs):
        return self.ask(what, cmd, nest(TOP_SERVICE, attrs))

    def dest(self, what, cmd, service, attrs):
        return self.ask(what, cmd, nest(TOP_SERVICE, service), nest(TOP_DEST, attrs))


def bad_services(t, r, v):
    other = 6 if r.family == 4 else 4
    for kind, name in SVC_NAMES.items():
        t.service('%s NEW_SERVICE without %s' % (v, name), 'NEW_SERVICE', without(r.service, kind))
    spoiled = [
        ('AF 0', u16(genl.SVC_AF, 0)), ('AF of packet sockets', u16(genl.SVC_AF, 17)),
        ('AF other', u16(genl.SVC_AF, AF[other])), ('protocol 0', u16(genl.SVC_PROTOCOL, 0)),
        ('protocol ICMP', u16(genl.SVC_PROTOCOL, 1)), ('protocol 300', u16(genl.SVC_PROTOCOL, 300)),
        ('port 0', be16(genl.SVC_PORT, 0)), ('unknown scheduler', text(genl.SVC_SCHED, 'nonsense')),
        ('empty scheduler', text(genl.SVC_SCHED, '')), ('scheduler none', text(genl.SVC_SCHED, 'none')),
        ('long scheduler', text(genl.SVC_SCHED, 'x' * 16)),
        ('scheduler not terminated', attr(genl.SVC_SCHED, b'rr')),
        ('unknown PE', text(genl.SVC_PE, 'nonsense')),
        ('netmask 0', u32(genl.SVC_NETMASK, 0)), ('netmask 129', u32(genl.SVC_NETMASK, 129)),
        ('short AF', u8(genl.SVC_AF, 2)), ('short port', u8(genl.SVC_PORT, 1)),
        ('short flags', attr(genl.SVC_FLAGS, b'\0' * 4)), ('long address', attr(genl.SVC_ADDR, b'\1' * 17)),
        ('empty address', attr(genl.SVC_ADDR, b'')), ('address of 3', attr(genl.SVC_ADDR, b'\1\2\3')),
        ('short timeout', u16(genl.SVC_TIMEOUT, 1)),
        ('huge timeout', u32(genl.SVC_TIMEOUT, 0xffffffff)),
        ('address 0', attr(genl.SVC_ADDR, b'\0' * 16)),
    ]
    for name, new in spoiled:
        attrs = replaced(r.service, new)
        t.service('%s NEW_SERVICE %s' % (v, name), 'NEW_SERVICE', attrs)
        t.ipvs.flush()
    t.ask(v + ' NEW_SERVICE without SERVICE', 'NEW_SERVICE')
    t.ask(v + ' NEW_SERVICE empty SERVICE', 'NEW_SERVICE', nest(TOP_SERVICE, []))
    t.ask(v + ' NEW_SERVICE SERVICE not nested', 'NEW_SERVICE',
          attr(TOP_SERVICE, b''.join(r.service)))
    t.ask(v + ' NEW_SERVICE rubbish in SERVICE', 'NEW_SERVICE', nest(TOP_SERVICE, [b'\xff' * 8]))
    t.ipvs.flush()


def services(t, r, v):
    t.service(v + ' SET_SERVICE of none', 'SET_SERVICE', r.service)
    t.service(v + ' DEL_SERVICE of none', 'DEL_SERVICE', r.id)
    t.service(v + ' GET_SERVICE of none', 'GET_SERVICE', r.id)
    t.service(v + ' ZERO of none', 'ZERO', r.id)
    t.service(v + ' NEW_SERVICE', 'NEW_SERVICE', r.service)
    t.service(v + ' NEW_SERVICE again', 'NEW_SERVICE', r.service)
    t.service(v + ' NEW_SERVICE UDP beside it', 'NEW_SERVICE',
              replaced(r.service, u16(genl.SVC_PROTOCOL, UDP)))
    t.service(v + ' NEW_SERVICE unknown attributes', 'NEW_SERVICE',
              replaced(r.service, be16(genl.SVC_PORT, 81)) + [u32(99, 1), attr(200, b'abc')])
    t.service(v + ' NEW_SERVICE attributes twice', 'NEW_SERVICE',
              replaced(r.service, be16(genl.SVC_PORT, 82)) + [be16(genl.SVC_PORT, 83)])
    t.service(v + ' GET_SERVICE', 'GET_SERVICE', r.id)
    t.service(v + ' SET_SERVICE', 'SET_SERVICE', replaced(r.service, text(genl.SVC_SCHED, 'wlc')))
    t.service(v + ' SET_SERVICE unknown scheduler', 'SET_SERVICE',
              replaced(r.service, text(genl.SVC_SCHED, 'nonsense')))
    t.service(v + ' SET_SERVICE only id', 'SET_SERVICE', r.id)
    t.service(v + ' NEW_SERVICE of a mark', 'NEW_SERVICE', r.mark)
    t.service(v + ' NEW_SERVICE of a mark again', 'NEW_SERVICE', r.mark)
    t.service(v + ' NEW_SERVICE of mark 0', 'NEW_SERVICE',
              replaced(r.mark, u32(genl.SVC_FWMARK, 0)))
    t.service(v + ' ZERO', 'ZERO', r.id)
    t.service(v + ' DEL_SERVICE', 'DEL_SERVICE', r.id)
    t.service(v + ' DEL_SERVICE again', 'DEL_SERVICE', r.id)
    t.service(v + ' DEL_SERVICE of a mark', 'DEL_SERVICE', r.mark[:2])
    t.ask(v + ' FLUSH', 'FLUSH')
    t.ask(v + ' FLUSH of nothing', 'FLUSH')


def bad_dests(t, r, v):
    for kind, name in DST_NAMES.items():
        t.dest('%s NEW_DEST without %s' % (v, name), 'NEW_DEST', r.id, without(r.dest, kind))
        t.ipvs.call('DEL_DEST', nest(TOP_SERVICE, r.id), nest(TOP_DEST, r.dest_id))
    other = 6 if r.family == 4 else 4
    mixed = [attr(genl.DST_ADDR, packed16(RIP[other])), u16(genl.DST_AF, AF[other])]
    spoiled = [
        ('method 7', [u32(genl.DST_METHOD, 7)]), ('method local', [u32(genl.DST_METHOD, 1)]),
        ('method bypass', [u32(genl.DST_METHOD, 4)]), ('method 0x1002', [u32(genl.DST_METHOD, 0x1002)]),
        ('weight -1', [u32(genl.DST_WEIGHT, -1)]), ('weight max', [u32(genl.DST_WEIGHT, 0x7fffffff)]),
        ('thresholds reversed', [u32(genl.DST_UPPER, 1), u32(genl.DST_LOWER, 2)]),
        ('huge threshold', [u32(genl.DST_UPPER, 0x80000000)]),
        ('AF 0', [u16(genl.DST_AF, 0)]), ('AF of packet sockets', [u16(genl.DST_AF, 17)]),
        ('mixed NAT', mixed), ('mixed direct', mixed + [u32(genl.DST_METHOD, 3)]),
        ('mixed tunnel', mixed + [u32(genl.DST_METHOD, 2)]),
        ('port 0', [be16(genl.DST_PORT, 0)]),
        ('address 0', [attr(genl.DST_ADDR, b'\0' * 16)]),
        ('multicast', [attr(genl.DST_ADDR, packed16('224.0.0.5' if r.family == 4 else 'ff02::5'))]),
        ('broadcast', [attr(genl.DST_ADDR, b'\xff' * (4 if r.family == 4 else 16))]),
        ('loopback', [attr(genl.DST_ADDR, packed16('127.0.0.1' if r.family == 4 else '::1'))]),
        ('link-local', [attr(genl.DST_ADDR, packed16('169.254.1.1' if r.family == 4 else 'fe80::1'))]),
        ('tunnel type GUE without port', [u32(genl.DST_METHOD, 2), u8(genl.DST_TUN_TYPE, 1)]),
        ('short address', [attr(genl.DST_ADDR, b'\xc6\x33')]),
        ('long address', [attr(genl.DST_ADDR, b'\1' * 17)]),
        ('short weight', [u16(genl.DST_WEIGHT, 1)]), ('short port', [u8(genl.DST_PORT, 1)]),
    ]
    for name, news in spoiled:
        attrs = r.dest
        for new in news:
            attrs = replaced(attrs, new)
        answer = t.dest('%s NEW_DEST %s' % (v, name), 'NEW_DEST', r.id, attrs)
        if not answer.error:
            t.ipvs.call('DEL_DEST', nest(TOP_SERVICE, r.id), nest(TOP_DEST, attrs))
    t.ask(v + ' NEW_DEST without DEST', 'NEW_DEST', nest(TOP_SERVICE, r.id))
    t.ask(v + ' NEW_DEST without SERVICE', 'NEW_DEST', nest(TOP_DEST, r.dest))
    t.ask(v + ' NEW_DEST empty DEST', 'NEW_DEST', nest(TOP_SERVICE, r.id), nest(TOP_DEST, []))


def dests(t, r, v):
    t.dest(v + ' NEW_DEST without a service', 'NEW_DEST', r.id, r.dest)
    t.dest(v + ' DEL_DEST without a service', 'DEL_DEST', r.id, r.dest_id)
    t.service(v + ' (service)', 'NEW_SERVICE', r.service)
    bad_dests(t, r, v)
    t.dest(v + ' SET_DEST of none', 'SET_DEST', r.id, r.dest)
    t.dest(v + ' DEL_DEST of none', 'DEL_DEST', r.id, r.dest_id)
    t.dest(v + ' NEW_DEST', 'NEW_DEST', r.id, r.dest)
    t.dest(v + ' NEW_DEST again', 'NEW_DEST', r.id, r.dest)
    t.dest(v + ' NEW_DEST unknown attributes', 'NEW_DEST', r.id,
           replaced(r.dest, be16(genl.DST_PORT, 81)) + [u32(99, 1)])
    t.dest(v + ' SET_DEST', 'SET_DEST', r.id, replaced(r.dest, u32(genl.DST_WEIGHT, 5)))
    t.dest(v + ' SET_DEST only id', 'SET_DEST', r.id, r.dest_id)
    t.dest(v + ' SET_DEST weight -1', 'SET_DEST', r.id, replaced(r.dest, u32(genl.DST_WEIGHT, -1)))
    t.dest(v + ' SET_DEST thresholds reversed', 'SET_DEST', r.id, replaced(
        replaced(r.dest, u32(genl.DST_UPPER, 1)), u32(genl.DST_LOWER, 2)))
    t.dest(v + ' DEL_DEST', 'DEL_DEST', r.id, r.dest_id)
    t.dest(v + ' DEL_DEST again', 'DEL_DEST', r.id, r.dest_id)
    t.ipvs.flush()


def config(t):
    t.ask('GET_CONFIG', 'GET_CONFIG')
    t.ask('SET_CONFIG', 'SET_CONFIG', u32(genl.TOP_TCP, 900), u32(genl.TOP_TCP_FIN, 120),
          u32(genl.TOP_UDP, 300))
    t.ask('SET_CONFIG nothing', 'SET_CONFIG')
    t.ask('SET_CONFIG zeros', 'SET_CONFIG', *[u32(n, 0) for n in (4, 5, 6)])
    t.ask('SET_CONFIG -1', 'SET_CONFIG', u32(genl.TOP_TCP, -1), u32(5, 0), u32(6, 0))
    t.ask('SET_CONFIG huge', 'SET_CONFIG', u32(genl.TOP_UDP, 0x7fffffff), u32(5, 0), u32(4, 0))
    t.ask('SET_CONFIG short', 'SET_CONFIG', u16(genl.TOP_TCP, 5))
    t.ask('GET_INFO', 'GET_INFO')
    for cmd in (0, CMD['SET_INFO'], 18, 99, 255):
        t.ask('command %d' % cmd, cmd)
    t.ask('GET_DAEMON dump', 'GET_DAEMON', dump=True)
    t.ask('GET_DAEMON', 'GET_DAEMON')
    t.ask('NEW_DAEMON without DAEMON', 'NEW_DAEMON')
    t.ask('NEW_DAEMON empty', 'NEW_DAEMON', nest(TOP_DAEMON, []))
    t.ask('DEL_DAEMON of none', 'DEL_DAEMON', nest(TOP_DAEMON, [u32(1, 1)]))
    t.ask('DEL_DAEMON without DAEMON', 'DEL_DAEMON')
    t.ask('GET_DEST without dump', 'GET_DEST')
    t.ask('GET_DEST dump without SERVICE', 'GET_DEST', dump=True)
    t.ask('GET_DEST dump empty SERVICE', 'GET_DEST', nest(TOP_SERVICE, []), dump=True)
    t.ask('GET_SERVICE without SERVICE', 'GET_SERVICE')
    t.ask('ZERO all', 'ZERO')
    t.ask('unknown top attribute', 'GET_INFO', u32(77, 1))
    t.ask('short top attribute', 'SET_CONFIG', struct.pack('HH', 2, 4))


def hexed(attrs, skip=()):
    """Attributes as text; nested statistics only by their numbers."""
    parts = []
    for kind, value in attrs:
        if kind in skip:
            parts.append('%d:[%s]' % (kind, ' '.join(
                '%d/%d' % (n, len(v)) for n, v in genl.attrs_of(value))))
        else:
            parts.append('%d:%s' % (kind, value.hex()))
    return ' '.join(parts)


def contents(t):
    """Replies and dumps attribute by attribute, in the kernel's order."""
    lines = []
    t.ipvs.flush()
    for family in (4, 6):
        r = Requests(family)
        persistent = replaced(replaced(r.service, flags(1)), u32(genl.SVC_TIMEOUT, 300))
        t.ipvs.must('NEW_SERVICE', nest(TOP_SERVICE, persistent))
        t.ipvs.must('NEW_SERVICE', nest(TOP_SERVICE, r.mark))
        t.ipvs.must('NEW_DEST', nest(TOP_SERVICE, r.id), nest(TOP_DEST, r.dest))
        for what, args in (('id', r.id), ('mark', r.mark[:2])):
            for cmd, attrs in t.ipvs.must('GET_SERVICE', nest(TOP_SERVICE, args)).messages:
                svc = genl.attrs_of(dict(attrs)[TOP_SERVICE])
                lines.append('v%d %s: cmd %d %s' % (family, what, cmd, hexed(svc, (10, 12))))
        for cmd, attrs in t.ipvs.must('GET_DEST', nest(TOP_SERVICE, r.id), dump=True).messages:
            dest = genl.attrs_of(dict(attrs)[TOP_DEST])
            lines.append('v%d dest: cmd %d %s' % (family, cmd, hexed(dest, (10, 12))))
    dump = t.ipvs.must('GET_SERVICE', dump=True).messages
    lines.append('GET_SERVICE dump: %d messages, commands %s' % (
        len(dump), sorted({cmd for cmd, _ in dump})))
    for cmd, attrs in t.ipvs.must('GET_CONFIG').messages:
        lines.append('config: cmd %d %s' % (cmd, hexed(attrs)))
    for cmd, attrs in t.ipvs.must('GET_INFO').messages:
        lines.append('info: cmd %d version %s, table size of %d bytes' % (
            cmd, dict(attrs)[1].hex(), len(dict(attrs)[2])))
    t.ipvs.flush()
    return lines


def big_dump(t):
    """A dump of several messages, complete and without duplicates."""
    for port in range(1, 301):
        t.ipvs.add_service(VIP[4], port, TCP, 'rr')
    dump = t.ipvs.must('GET_SERVICE', dump=True).messages
    ports = [dict(genl.attrs_of(dict(attrs)[TOP_SERVICE]))[genl.SVC_PORT] for _, attrs in dump]
    tap.equal(len(ports), 300, 'services in the dump')
    tap.equal(len(set(ports)), 300, 'different services in the dump')
    service = (VIP[4], 1, TCP)
    for last in range(1, 201):
        t.ipvs.dest('NEW_DEST', service, '198.51.100.%d' % last, 80)
    tap.equal(len(t.ipvs.dests(service)), 200, 'servers in the dump')
    t.ipvs.flush()


def whole_table():
    t = Table()
    t.ipvs.flush()
    for family in (4, 6):
        r, v = Requests(family), 'v%d' % family
        bad_services(t, r, v)
        services(t, r, v)
        dests(t, r, v)
    config(t)
    t.ipvs.must('SET_CONFIG', u32(4, 900), u32(5, 120), u32(6, 300))
    return t


@tap.test
def genl_family():
    ipvs = Ipvs()
    tap.equal(genl.number(ipvs.info[3]), 1, 'family version')
    tap.equal(genl.number(ipvs.info[4]), 0, 'header size')
    tap.equal(genl.number(ipvs.info[5]), 6, 'highest attribute')
    commands = {}
    for _, entry in genl.attrs_of(ipvs.info[6]):
        fields = dict(genl.attrs_of(entry))
        # Mask out "has a policy": whether dumps set it depends on the kernel version.
        commands[genl.number(fields[1])] = genl.number(fields[2]) & ~8
    tap.golden('genl_family.txt', ['command %d flags %#x' % item for item in
                                   sorted(commands.items())])


@tap.test
def answers():
    t = whole_table()
    tap.golden('genl.txt', t.lines + contents(t))
    big_dump(t)


@tap.test
def unprivileged():
    ipvs = Ipvs()
    genl.unprivileged()
    for cmd in ('GET_INFO', 'GET_CONFIG', 'FLUSH', 'ZERO', 'SET_CONFIG', 'NEW_SERVICE'):
        tap.equal(ipvs.call(cmd).error, 'EPERM', cmd + ' without privilege')
    tap.equal(ipvs.call('GET_SERVICE', dump=True).error, 'EPERM', 'dump without privilege')


@tap.test
def texts():
    """Weir sends a text with every error; the in-tree ip_vs sends none."""
    if os.environ.get('IMPL') != 'weir':
        return
    for what, answer in whole_table().answers:
        # Errors of the netlink core itself have its own text or none.
        if answer.error not in (0, 'EOPNOTSUPP') and not answer.text:
            tap.fail('%s: %s without a text' % (what, answer.error))


tap.main()
