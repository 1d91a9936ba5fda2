# SPDX-License-Identifier: GPL-2.0
"""A director with a master daemon, and packets whose effect on its messages is logged.

The daemon's messages hold one entry each, so that an entry leaves as soon as the next one is made.
Behind every packet of a history passes a valve: a short connection whose end is always told. Its
entries separate those of the packets, and push them out. The log is the same for both families.
"""

import contextlib
import struct

from . import pkt, syncd, syncwire, tap
from .conns import ConnTable
from .genl import (AF, DIRECT, DST_ADDR, DST_AF, DST_LOWER, DST_METHOD, DST_PORT, DST_UPPER,
                   DST_WEIGHT, MASQ, SVC_AF, SVC_FLAGS, SVC_FWMARK, SVC_PE, SVC_SCHED, SVC_TIMEOUT,
                   TOP_DEST, TOP_SERVICE, TUNNEL, Ipvs, attr, be16, nest, netmask_attr, packed16,
                   service_id, text, u16, u32)
from .pkt import SCTP, TCP, UDP
from .settings import Knobs
from .syncd import MASTER
from .wire import Addresses, Ends, wait_until

METHODS = {'nat': MASQ, 'dr': DIRECT, 'tun': TUNNEL}
PERSISTENT, ONE_PACKET = 1, 4
VALVE, DPORT, ONE_ENTRY = 999, 8080, 44
MARK, MARKED = 7, 2500          # the test's script marks the packets to this port
OPENING = {'nat': ('>syn', '<synack', '>ack'), 'dr': ('>syn', '>ack'), 'tun': ('>syn', '>ack')}
log = []


def invite(call):
    return b'INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP x\r\nCall-ID: %s\r\n\r\n' % call


class Service:
    """A service in front of one phantom, by address or by mark."""

    def __init__(self, lab, method='nat', proto=TCP, flags=0, timeout=0, engine=None, mark=0,
                 port=None, netmask=None):
        lab.ports += 1
        self.lab, self.method, self.proto = lab, method, proto
        self.server = lab.at.phantoms[0]
        self.port = port or (MARKED if mark else lab.ports)
        self.dport = DPORT if method == 'nat' and not mark and not port else self.port
        self.six = AF[lab.at.family]
        self.key = [u16(SVC_AF, self.six), u32(SVC_FWMARK, mark)] if mark else \
            service_id(lab.at.vip, self.port, proto)
        lab.ipvs.must('NEW_SERVICE', nest(TOP_SERVICE, self.key + [
            text(SVC_SCHED, 'rr'), attr(SVC_FLAGS, struct.pack('II', flags, 0xffffffff)),
            u32(SVC_TIMEOUT, timeout), netmask_attr(lab.at.vip, netmask)] +
            ([text(SVC_PE, engine)] if engine else [])))
        lab.ipvs.must('NEW_DEST', nest(TOP_SERVICE, self.key), nest(TOP_DEST, [
            attr(DST_ADDR, packed16(self.server)), be16(DST_PORT, 0 if mark else self.dport),
            u32(DST_METHOD, METHODS[method]), u32(DST_WEIGHT, 1), u32(DST_UPPER, 0),
            u32(DST_LOWER, 0), u16(DST_AF, self.six)]))

    def segment(self, src, dst, sport, dport, flags, payload, **tcp):
        if self.proto == UDP:
            return pkt.udp(src, dst, sport, dport, payload or b'payload')
        if self.proto == SCTP:
            return pkt.sctp(src, dst, sport, dport, flags)
        return pkt.tcp(src, dst, sport, dport, flags, payload=payload, **tcp)

    def send(self, sport, step, payload=b'', **tcp):
        """A step is '>syn' from the client or '<syn' from the server."""
        ends, client = self.lab.ends, self.lab.at.phantom_client
        if step[0] == '>':
            ends.client.send(self.segment(client, self.lab.at.vip, sport, self.port, step[1:],
                                          payload, **tcp))
            got = ends.server.expect(lambda p: self.request(p, sport), 2)
        else:
            ends.server.send(self.segment(self.server, client, self.dport, sport, step[1:],
                                          payload, **tcp))
            got = ends.client.expect(lambda p: p.dport == sport, 2)
        if not got:
            tap.fail('%s of port %d was not forwarded' % (step, sport))
            tap.finish()
        return got

    def request(self, got, sport):
        got = got.inner if self.method == 'tun' else got
        return got is not None and got.sport == sport


class Lab:
    """The director with a master daemon, and the receiver of its messages."""

    def __init__(self, family, ports, listen=(syncd.DEFAULT_PORT,), **daemon):
        """The ports of the services begin above `ports`, as connections outlive services."""
        self.ends, self.ipvs, self.daemons = Ends(family), Ipvs(), syncd.Daemons()
        self.at, self.valves, self.sport, self.ports = self.ends.at, 20000, 1000, ports
        self.names, self.four = syncwire.Names(self.at), Addresses(4)
        self.ipvs.flush()
        self.valve_service = (self.four.vip, VALVE, TCP)
        self.ipvs.add_service(*self.valve_service, 'rr')
        self.ipvs.dest('NEW_DEST', self.valve_service, self.four.phantoms[7], VALVE)
        self.receiver = syncd.Receiver(ports=listen)
        self.daemons.must_start(MASTER, maxlen=daemon.pop('maxlen', ONE_ENTRY),
                                syncid=daemon.pop('syncid', 5), **daemon)

    def close(self):
        """The connections end with their services, so that nobody tells of them later."""
        self.daemons.stop_all()
        self.receiver.close()
        with Knobs(expire_nodest_conn=1):
            self.ipvs.flush()
            wait_until(lambda: not ConnTable().all(), 10)
        self.ends.close()

    def valve(self):
        """A SYN and a FIN, after which the connection is in TIME_WAIT; returns its port."""
        self.valves += 1
        for flags in ('syn', 'fin'):
            self.ends.client.send(pkt.tcp(self.four.phantom_client, self.four.vip, self.valves,
                                          VALVE, flags))
        return self.valves

    def told(self):
        """[(valve or None, entry)] of all messages that are not yet read."""
        last = self.valve()
        self.valve()
        found = []

        def is_last(datagram):
            message = syncwire.Message(datagram.data)
            tap.equal(message.syncid, 5, 'sync id of a message')
            tap.equal(len(message.entries), 1, 'entries of a message')
            entry = message.entries[0]
            valve = entry.cport if (entry.family, entry.vport) == (4, VALVE) else None
            found.append((valve, entry))
            return valve == last

        if not self.receiver.until(is_last)[-1]:
            tap.fail('the entry of the valve %d does not come' % last)
            tap.finish()
        return found

    def history(self, name, service, steps, sport=None, payloads=None):
        """Sends the packets of one connection and logs what is told about each."""
        if sport is None:
            self.sport += 1
            sport = self.sport
        if name:
            log.append('== ' + name)
        marks = []
        for step in expanded(steps):
            service.send(sport, step, (payloads or {}).get(step, b''))
            marks.append((step, self.valve()))
        self.log_steps(marks, self.told())

    def log_steps(self, marks, told):
        told = iter(told)
        runs = []
        for step, valve in marks:
            entries = []
            for passed, entry in told:
                if passed == valve:
                    break
                if passed is None:
                    entries.append(self.names.entry(entry))
            if not runs or runs[-1][0] != step:
                runs.append((step, []))
            runs[-1][1].append(entries)
        for step, packets in runs:
            log_run(step, packets)


def expanded(steps):
    """'>data*3' stands for three packets."""
    for step in steps:
        step, _, count = step.partition('*')
        yield from [step] * int(count or 1)


def spans(numbers):
    """[1, 2, 3, 7] as '1-3 7'."""
    parts = []
    for number in numbers:
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ' '.join('%d' % a if a == b else '%d-%d' % (a, b) for a, b in parts)


def log_run(step, packets):
    """Equal packets in a row; each entry with the numbers of the packets that it was told of."""
    seen = {}
    for number, entries in enumerate(packets, 1):
        for entry in entries:
            seen.setdefault(entry, []).append(number)
    head = step if len(packets) == 1 else '%s, %d times' % (step, len(packets))
    log.append(head + ('' if seen else ': nothing'))
    for entry, numbers in seen.items():
        log.append('    ' + ('' if len(packets) == 1 else 'packet %s: ' % spans(numbers)) + entry)


@contextlib.contextmanager
def lab_of(family, ports, **options):
    lab = Lab(family, ports, **options)
    try:
        yield lab
    finally:
        lab.close()
