#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What a backup daemon does with messages, valid and not.

Each case has a service and a destination of its own, so that the counts are those of the case. A
valid entry follows the messages and shows that they have been processed. The log has the same words
for both families.
"""

import contextlib
import struct

from ipvstest import pkt, syncd, syncwire, tap
from ipvstest.conns import ProcFile, SyncConn
from ipvstest.genl import (DIRECT, DST_ACTIVE, DST_INACTIVE, DST_PERSISTENT, MASQ, SVC_FLAGS,
                           SVC_SCHED, SVC_TIMEOUT, TOP_SERVICE, Ipvs, attr, nest, netmask_attr,
                           number, service_id, text, u32)
from ipvstest.pkt import SCTP, TCP, UDP
from ipvstest.settings import Knobs
from ipvstest.syncd import BACKUP
from ipvstest.syncwire import (IN_SEQ, INACTIVE, NO_CPORT, ONE_PACKET, OPTIONAL, OUT_SEQ, PE_DATA,
                               PE_NAME, SEQ_DATA, TEMPLATE, Entry, message, message_v0, sequence)
from ipvstest.wire import Addresses, Ends, wait_until

PERSISTENT = 1
MARKER, DPORT = 990, 8080
TIMEOUTS = (1, 10, 30, 60, 77, 120, 180, 300, 500, 900, 86400)
SEQ = (SEQ_DATA, sequence((1, 2, 3, 4, 5, 6)))
NAME, DATA = (PE_NAME, b'sip'), (PE_DATA, b'one@here')
ES, FIN_WAIT, LISTEN = 1, 4, 9
ACTIVE = {TCP: (1, 2, 3, 10), SCTP: (8,)}
log = []


class Lab:
    """The director with a backup daemon, and the sender of its messages."""

    def __init__(self, family, ports, **daemon):
        """The ports of the services begin above `ports`, as unbound connections outlive them."""
        self.at, self.four, self.family = Addresses(family), Addresses(4), family
        self.ipvs, self.daemons = Ipvs(), syncd.Daemons()
        self.table, self.names = ProcFile('ip_vs_conn_sync'), syncwire.Names(self.at)
        self.ports, self.markers, self.cases = ports, ports, []
        self.ipvs.flush()
        self.daemons.must_start(BACKUP, **daemon)
        self.sender, self.sent = syncd.Sender(), 0

    def close(self):
        self.daemons.stop_all()
        self.sender.close()
        with Knobs(expire_nodest_conn=1):
            self.ipvs.flush()
            wait_until(lambda: ' sip ' not in ProcFile('ip_vs_conn').text())

    def service(self, proto=TCP, method=MASQ, server=0, dests=1):
        """Returns the service (address, port, protocol); its destinations are phantoms."""
        self.ports += 1
        service = (self.at.vip, self.ports, proto)
        self.ipvs.add_service(*service, 'rr')
        for phantom in self.at.phantoms[server:server + dests]:
            self.ipvs.dest('NEW_DEST', service, phantom, DPORT if method == MASQ else self.ports,
                           method)
        return service

    def entry(self, service, **fields):
        """An established connection of a service, with other fields replaced. It is flagged as
        inactive if its state says so."""
        given = {**dict(family=self.family, proto=service[2], state=ES if service[2] == TCP else 0,
                        cport=1001, vport=service[1], dport=DPORT, timeout=500,
                        caddr=self.at.phantom_client, vaddr=self.at.vip,
                        daddr=self.at.phantoms[0]), **fields}
        given.setdefault('flags', 0 if given['state'] in ACTIVE.get(given['proto'], ()) else INACTIVE)
        return Entry(**given)

    def send(self, data):
        """Waits now and then, so that the receiver's buffer does not overflow."""
        self.sender.send(data)
        self.sent += 1
        if self.sent % 40 == 0:
            self.processed()

    def processed(self, syncid=0):
        """A marker is in the table: all messages before it have been processed."""
        self.markers += 1
        four, vport = self.four, MARKER + self.family
        self.sender.send(message([Entry(
            proto=UDP, cport=self.markers, vport=vport, dport=1, timeout=500, vaddr=four.vip,
            caddr=four.client, daddr=four.real[0]).v1()], syncid))
        if not wait_until(lambda: any((r.vport, r.cport) == (vport, self.markers)
                                      for r in self.rows()), 10):
            tap.fail('the marker %d does not come' % self.markers)
            tap.finish()

    def rows(self):
        return [SyncConn(line) for line in self.table.text().splitlines()[1:]]

    def case(self, name, data, service):
        """Sends a message and remembers the case, to be shown later."""
        self.cases.append((name, service))
        self.send(data)

    def one(self, name, proto=TCP, v0=False, **fields):
        """A case of one entry."""
        service = self.service(proto)
        entry = self.entry(service, **fields)
        self.case(name, message_v0([entry.v0()]) if v0 else message([entry.v1()]), service)

    def describe(self, row):
        expires = [t for t in TIMEOUTS if t >= row.expires]
        return '%s %s:%d > %s:%d > %s:%d %s %s %s s' % (
            row.proto, self.names.address(pkt.packed(row.client)), row.cport,
            self.names.address(pkt.packed(row.virtual)), row.vport,
            self.names.address(pkt.packed(row.dest)), row.dport, row.state, row.origin,
            expires[0] if expires else 'many')

    def counts(self, service):
        """The counts of the service's destinations, without those that are 0."""
        parts = []
        for (server, port), f in sorted(self.ipvs.dests(service).items()):
            found = [(what, number(f[kind])) for what, kind in (
                ('active', DST_ACTIVE), ('inactive', DST_INACTIVE), ('templates', DST_PERSISTENT))]
            found = ' '.join('%s %d' % pair for pair in found if pair[1])
            if found:
                parts.append('%s:%d %s' % (self.names.address(pkt.packed(server)), port, found))
        return ', '.join(parts) or 'nothing counted'

    def replaced(self):
        """Whether connections that are to expire at once are still in the table."""
        ports = {service[1] for _, service in self.cases}
        return any(row.vport in ports and not row.expires for row in self.rows())

    def show(self):
        """Logs what has become of the cases."""
        self.processed()
        rows = {}
        for row in self.rows():
            if row.client in (self.at.phantom_client, self.at.client):
                rows.setdefault(row.vport, []).append(self.describe(row))
        for name, service in self.cases:
            found = sorted(rows.get(service[1], []))
            log.append('%s: %s' % (name, '; '.join(found + [self.counts(service)]) if found
                                   else 'no connection'))
        self.cases = []


@contextlib.contextmanager
def lab_of(family, ports, **options):
    lab = Lab(family, ports, **options)
    try:
        yield lab
    finally:
        lab.close()


def states(lab):
    for proto, last in ((TCP, 11), (UDP, 1), (SCTP, 14)):
        for state in list(range(last + 1)) + [256 + last - 1, 65535]:
            lab.one('%s state %d' % (syncwire.PROTOS[proto], state), proto, state=state)
    for state in (0, 1, 2, 3, 65535):
        lab.one('template state %d' % state, cport=0, flags=TEMPLATE, state=state)
    for proto in (0, 1, 50, 51, 58, 255):
        lab.one('protocol %d' % proto, state=0, proto=proto)
        if proto:
            lab.one('template of protocol %d' % proto, state=0, proto=proto, cport=0,
                    flags=TEMPLATE)
    lab.one('template of a mark', state=0, proto=0, cport=0, flags=TEMPLATE, fwmark=7,
            vaddr=struct.pack('!I', 7).ljust(16 if lab.family == 6 else 4, b'\0'))


def flags(lab):
    for bit in range(32):
        lab.one('flag %#x' % (1 << bit), flags=1 << bit)
    for value in (5, 6, 7, TEMPLATE | NO_CPORT, TEMPLATE | INACTIVE, TEMPLATE | ONE_PACKET,
                  NO_CPORT | INACTIVE, IN_SEQ | OUT_SEQ, 0xffffffff & ~(NO_CPORT | ONE_PACKET),
                  0xffffffff):
        lab.one('flags %#x' % value, flags=value)
    lab.one('UDP, inactive', UDP, flags=INACTIVE)
    lab.one('UDP, active', UDP, flags=0)


def values(lab):
    for timeout in (0, 1, 60, 86400, 0x7fffffff, 0xffffffff):
        lab.one('timeout %d' % timeout, timeout=timeout)
    lab.one('closed, timeout 0', state=6, timeout=0, flags=INACTIVE)
    lab.one('UDP, timeout 0', UDP, timeout=0)
    lab.one('template, timeout 0', timeout=0, flags=TEMPLATE, state=0, cport=0)
    lab.one('mark without a service', fwmark=99)
    lab.one('unknown destination', daddr=lab.at.phantoms[5])
    lab.one('unknown port of the destination', dport=9)
    lab.one('port 0 of the destination', dport=0)
    lab.one('port 65535 of the destination', dport=65535)
    lab.one('template, port 65535 of the destination', dport=65535, flags=TEMPLATE, cport=0)
    lab.one('client port 0', cport=0)
    lab.one('template with a client port', flags=TEMPLATE, state=0)


def options(lab):
    unknown, noise = (4, b'abc'), b'\0' * 24
    for name, given in (
            ('SEQ_DATA', [SEQ]), ('SEQ_DATA, optional', [(SEQ_DATA | OPTIONAL, SEQ[1])]),
            ('SEQ_DATA of 23 bytes', [(SEQ_DATA, noise[1:])]), ('SEQ_DATA twice', [SEQ, SEQ]),
            ('unknown', [unknown]), ('unknown after SEQ_DATA', [SEQ, unknown]),
            ('unknown, optional', [(4 | OPTIONAL, b'abc')]),
            ('unknown, optional, before SEQ_DATA', [(4 | OPTIONAL, b'abc'), SEQ]),
            ('type 0', [(0, b'abc')]), ('type 0, optional', [(OPTIONAL, b'abc')]),
            ('type 0x81', [(0x81, noise)]), ('type 0xc1', [(0xc1, noise)]),
            ('no data', [(SEQ_DATA, b'')]), ('optional, no data', [(4 | OPTIONAL, b'')]),
            ('PE_NAME alone', [NAME]), ('PE_DATA alone', [DATA]), ('PE', [DATA, NAME]),
            ('PE, name first', [NAME, DATA]), ('PE, name twice', [DATA, NAME, NAME]),
            ('PE, data twice', [DATA, DATA, NAME]), ('PE, unknown engine', [DATA, (PE_NAME, b'x')]),
            ('PE, name with an end', [DATA, (PE_NAME, b'sip\0')]),
            ('PE, name of 16 bytes', [DATA, (PE_NAME, b'x' * 16)]),
            ('PE, name of 17 bytes', [DATA, (PE_NAME, b'x' * 17)]),
            ('PE, 255 bytes', [(PE_DATA, b'y' * 255), NAME]),
            ('PE and SEQ_DATA', [SEQ, DATA, NAME])):
        lab.one(name, options=given)
        if given[0][0] in (PE_NAME, PE_DATA):
            lab.one('template, ' + name, options=given, flags=TEMPLATE, state=0, cport=0)
    for name, tail in (('a type alone', b'\x44'), ('an option beyond the entry', b'\x44\x09abc')):
        service = lab.service()
        entry = lab.entry(service)
        raw = entry.v1(size=(36 if lab.family == 4 else 72) + len(tail)) + tail
        lab.case(name, message([raw]), service)


def forms(lab):
    """Wrong sizes and headers; first names what follows, if only one entry is good."""
    whole = 36 if lab.family == 4 else 72

    def good():
        service = lab.service()
        return service, lab.entry(service).v1()

    for name, change in (
            ('too small', dict(size=whole - 1)), ('of size 0', dict(size=0)),
            ('of size 4095', dict(size=4095)), ('of size 24', dict(size=24)),
            ('of version 1', dict(version=1)), ('of version 15', dict(version=15)),
            ('of type 2', dict(kind=2)), ('of type 0x80', dict(kind=0x80)),
            ('of the other family', dict(kind=int(lab.family == 4)))):
        service, _ = good()
        lab.case('entry ' + name, message([lab.entry(service).v1(**change)]), service)
    for name, fields in (('state 99', dict(state=99)), ('protocol 99', dict(proto=99)),
                         ('flag 0x2000', dict(flags=ONE_PACKET)),
                         ('an unknown option', dict(options=[(4, b'abc')])),
                         ('an unknown engine', dict(options=[DATA, (PE_NAME, b'x')])),
                         ('SEQ_DATA twice', dict(options=[SEQ, SEQ])),
                         ('PE_DATA alone', dict(options=[DATA])),
                         ('an option without data', dict(options=[(SEQ_DATA, b'')]))):
        service, after = good()
        bad = lab.entry(service, cport=1000, **fields).v1()
        lab.case('good after %s' % name, message([bad, after]), service)
    service, raw = good()
    second = lab.entry(service, cport=1002).v1()
    lab.case('good before a truncated one', message([raw, second[:-1]]), service)
    service, raw = good()
    lab.case('entry with bytes behind it', message([raw]) + b'1234', service)
    for name, change in (
            ('size 1 too small', dict(size=8 + whole - 1)),
            ('size 1 too large', dict(size=8 + whole + 1)),
            ('size 0', dict(size=0)), ('no entries', dict(count=0)), ('two entries', dict(count=2)),
            ('255 entries', dict(count=255)), ('reserved 1', dict(reserved=1)),
            ('reserved 255', dict(reserved=255)), ('version 0', dict(version=0)),
            ('version 2', dict(version=2)), ('version -1', dict(version=-1)),
            ('spare 1', dict(spare=1)), ('sync id 200', dict(syncid=200))):
        service, raw = good()
        lab.case('message with ' + name, message([raw], **change), service)
    service, raw = good()
    lab.case('message with bytes after the last entry', message([raw, b'1234'], count=1), service)
    service, raw = good()
    lab.case('two equal entries', message([raw, raw]), service)
    for size in range(1, 12):
        lab.send(struct.pack('!BBHBbH', 0, 0, size, 1, 1, 0)[:size].ljust(size, b'\0'))


@tap.step
def entries(family):
    with lab_of(family, 3000) as lab:
        for case in (states, flags, values, options, forms):
            log.append('== ' + case.__name__)
            case(lab)
            lab.show()
            lab.ipvs.flush()
    tap.golden('sync_backup.txt', log)


@tap.step
def version0():
    """Entries of version 0: 16 bits of flags, no timeout."""
    with lab_of(4, 3500) as lab:
        for bit in range(16):
            lab.one('flag %#x' % (1 << bit), v0=True, flags=1 << bit,
                    options=[SEQ] if 1 << bit in (IN_SEQ, OUT_SEQ) else [])
        lab.one('template', v0=True, flags=TEMPLATE, state=0, cport=0)
        lab.one('template state 2', v0=True, flags=TEMPLATE, state=2, cport=0)
        lab.one('template, no port', v0=True, flags=TEMPLATE | NO_CPORT, state=0, cport=0)
        for proto, state in ((TCP, 4), (TCP, 6), (TCP, 10), (TCP, 11), (UDP, 0), (SCTP, 13)):
            lab.one('%s state %d' % (syncwire.PROTOS[proto], state), proto, v0=True, state=state)
        lab.one('protocol 99', v0=True, proto=99)
        for name, change in (
                ('two', {}), ('count 1 of two', dict(count=1)), ('count 3 of two', dict(count=3)),
                ('size 1 too small', dict(size=4 + 2 * 24 - 1)), ('sync id 200', dict(syncid=200))):
            service = lab.service()
            two = [lab.entry(service, cport=1001 + n).v0() for n in range(2)]
            lab.case(name, message_v0(two, **change), service)
        for name, cut, fields in (('good before a truncated one', 1, {}),
                                  ('good before one without its numbers', 0, dict(flags=IN_SEQ))):
            service = lab.service()
            bad = lab.entry(service, cport=1002, **fields).v0()
            lab.case(name, message_v0([lab.entry(service).v0(), bad[:len(bad) - cut]]), service)
        for name, fields in (('flag 0x2000', dict(flags=ONE_PACKET)), ('state 99', dict(state=99)),
                             ('protocol 99', dict(proto=99))):
            service = lab.service()
            bad = lab.entry(service, cport=1000, **fields).v0()
            lab.case('good after ' + name, message_v0([bad, lab.entry(service).v0()]), service)
        lab.show()
    tap.golden('sync_backup0.txt', log)


@tap.step
def updates(family):
    """Messages about a connection that is known."""
    with lab_of(family, 3600) as lab:
        servers = lab.at.phantoms

        def then(what, service, **fields):
            lab.case(what, message([lab.entry(service, **fields).v1()]), service)
            lab.processed()
            wait_until(lambda: not lab.replaced())
            lab.show()

        for proto in (TCP, UDP):
            log.append('== ' + syncwire.PROTOS[proto])
            service = lab.service(proto, dests=2)
            then('active', service)
            then('again', service)
            then('inactive', service, flags=INACTIVE, state=FIN_WAIT if proto == TCP else 0,
                 timeout=120)
            then('inactive again', service, flags=INACTIVE, timeout=60)
            then('active again', service)
            then('timeout 0', service, timeout=0)
            then('inactive, another server', service, flags=INACTIVE, daddr=servers[1])
            then('active, another server', service, flags=0, daddr=servers[1])
            then('active, another port', service, flags=0, daddr=servers[1], dport=99)
            then('an unknown server', service, flags=0, daddr=servers[3])
            then('a template besides', service, flags=TEMPLATE, state=0, timeout=77, cport=0)
            then('the template again, another server', service, flags=TEMPLATE, state=1,
                 timeout=60, cport=0, daddr=servers[1])
        log.append('== bound later')
        service = lab.service(dests=0)
        lab.ipvs.del_service(*service)
        then('no service', service)
        lab.ipvs.add_service(*service, 'rr')
        then('no destination', service)
        then('no destination, template', service, flags=TEMPLATE, state=0, cport=0, timeout=77)
        lab.ipvs.dest('NEW_DEST', service, servers[0], DPORT)
        lab.cases.append(('the destination is added', service))
        lab.show()
        then('the next message', service)
        then('the next message, template', service, flags=TEMPLATE, state=0, cport=0, timeout=77)
        lab.ipvs.del_dest(service, servers[0], DPORT)
        lab.ipvs.dest('NEW_DEST', service, servers[0], DPORT)
        then('the destination is removed and added', service)
        lab.ipvs.del_service(*service)
        lab.cases.append(('the service is removed', service))
        lab.show()
    tap.golden('sync_updates.txt', log)


@tap.step
def ids(family):
    """The daemon's id 0 accepts all; an id over 255 accepts none."""
    lines = []
    for count, (own, ids_sent) in enumerate(((0, (0, 1, 255)), (7, (0, 6, 7, 8)), (255, (0, 255)),
                                             (256, (0, 1)), (263, (0, 7)))):
        with lab_of(family, 3700 + 10 * count, syncid=own) as lab:
            services = [lab.service() for _ in ids_sent]
            for service, syncid in zip(services, ids_sent):
                lab.send(message([lab.entry(service).v1()], syncid))
            if own < 256:
                lab.processed(own)
            else:
                # nothing would show that the messages have been processed
                wait_until(lambda: False, 0.5)
            known = {row.vport for row in lab.rows()}
            lines += ['daemon %d, message %d: %s' % (
                own, syncid, 'accepted' if service[1] in known else 'ignored')
                for service, syncid in zip(services, ids_sent)]
    tap.golden('sync_ids.txt', lines)


class Traffic:
    """Packets of the phantom client, and where they arrive."""

    def __init__(self, lab):
        self.lab, self.ends, self.names = lab, Ends(lab.family), lab.names

    def try_it(self, what, port, flags='ack', sport=1001):
        at = self.ends.at
        self.ends.drain()
        self.ends.client.send(pkt.tcp(at.phantom_client, at.vip, sport, port, flags))
        got = self.ends.server.expect(lambda p: p.sport == sport or
                                      (p.inner and p.inner.sport == sport), 0.5)
        self.got = got
        log.append('%s: %s' % (what, 'nothing' if not got else 'to %s%s' % (
            self.names.address(pkt.packed(got.dst)),
            ':%d' % got.dport if got.dport else ', in a tunnel')))

    def reply(self, what, sport=1001):
        at, got = self.ends.at, self.got
        if not got:
            return
        self.ends.server.send(pkt.tcp(got.dst, at.phantom_client, got.dport, sport, 'ack'))
        got = self.ends.client.expect(lambda p: p.dport == sport, 0.5)
        log.append('%s: %s' % (what, 'nothing' if not got else 'from %s:%d' % (
            self.names.address(pkt.packed(got.src)), got.sport)))


@tap.step
def traffic(family):
    """The connections work: the director has become the master."""
    with lab_of(family, 3800) as lab:
        go = Traffic(lab)
        service = lab.service()
        lab.send(message([lab.entry(service).v1()]))
        lab.processed()
        go.try_it('without a connection', service[1], sport=1002)
        go.try_it('NAT', service[1])
        go.reply('its reply')
        direct = lab.service(method=DIRECT)
        lab.send(message([lab.entry(direct, dport=direct[1]).v1()]))
        lab.processed()
        go.try_it('NAT in the message, direct routing of the destination', direct[1])
        for flag, what in ((0, 'NAT'), (2, 'TUN'), (3, 'DR'), (1, 'local'), (4, 'bypass')):
            gone = lab.service(dests=0)
            lab.send(message([lab.entry(gone, flags=flag).v1()]))
            lab.processed()
            go.try_it('unbound, ' + what, gone[1])
        spread = lab.service(dests=3)
        lab.ipvs.must('SET_SERVICE', *persistent_service(spread))
        lab.send(message([lab.entry(spread, flags=TEMPLATE, state=0, cport=0, timeout=77,
                                    daddr=lab.at.phantoms[2]).v1()]))
        lab.processed()
        for sport in (1003, 1004):
            go.try_it('new, with a template', spread[1], 'syn', sport)
        anyport = lab.service()
        lab.send(message([lab.entry(anyport, cport=0, flags=NO_CPORT | INACTIVE, state=LISTEN).v1()]))
        lab.processed()
        go.try_it('no client port in the message', anyport[1], 'syn', 1005)
        go.ends.close()
        lab.cases = [('NAT', service), ('direct routing', direct), ('template', spread),
                     ('client port', anyport)]
        lab.show()
    tap.golden('sync_traffic.txt', log)


@tap.step
def expected():
    """A connection that is expected from any port, but whose server is not configured, does not
    become another one."""
    with lab_of(4, 3900) as lab:
        go = Traffic(lab)
        service = lab.service(dests=0)
        lab.send(message([lab.entry(service, cport=0, flags=NO_CPORT | INACTIVE,
                                    state=LISTEN).v1()]))
        lab.processed()
        go.try_it('without a server', service[1], 'syn', 1005)
        tap.check(not go.got, 'a packet was forwarded')
        lab.ipvs.dest('NEW_DEST', service, lab.at.phantoms[0], DPORT)
        lab.send(message([lab.entry(service, cport=0, flags=NO_CPORT | INACTIVE,
                                    state=LISTEN).v1()]))
        lab.processed()
        go.try_it('with the server', service[1], 'syn', 1005)
        tap.check(go.got and go.got.dport == DPORT, 'no packet was forwarded to the server')
        go.ends.close()


def persistent_service(service):
    return [nest(TOP_SERVICE, service_id(*service) + [
        text(SVC_SCHED, 'rr'), attr(SVC_FLAGS, struct.pack('II', PERSISTENT, 0xffffffff)),
        u32(SVC_TIMEOUT, 77), netmask_attr(service[0], None)])]


tap.main()
