# SPDX-License-Identifier: GPL-2.0
"""The setup of the packet table: a director with all forwarding methods; packets in, packets out.

Each row is sent alone, followed by a packet that the director routes without ip_vs: when that one
arrives, the effects of the row are complete.
"""

import contextlib
import os
import struct
import subprocess
import time

from . import differences, pkt, rules, tap
from .genl import DIRECT, MASQ, TUNNEL, Ipvs
from .namespaces import namespace
from .pkt import ICMP6, SCTP, TCP, UDP, Parsed
from .rules import CHECK_AT
from .wire import MAC, Addresses, Ends, ip_command

VPORT, DPORT, ISAKMP = 80, 8080, 500
SENTINEL = 9
COUNTERS = ('conns', 'inpkts', 'outpkts', 'inbytes', 'outbytes')
# our name: name in /proc/net/snmp, in /proc/net/snmp6
MIB = {'InHdrErrors': ('Ip', 'Ip6InHdrErrors'), 'FragFails': ('Ip', 'Ip6FragFails'),
       'OutDestUnreachs': ('Icmp', 'Icmp6OutDestUnreachs'),
       'OutTimeExcds': ('Icmp', 'Icmp6OutTimeExcds'), 'OutPktTooBigs': (None, 'Icmp6OutPktTooBigs')}


class Kind:
    """A forwarding method with its own virtual address and server."""

    def __init__(self, number, family, method, tunnel=None, outer=None):
        far = Addresses(outer or family)
        self.method, self.tunnel, self.outer, self.source = method, tunnel, outer, far.director_back
        self.name = '%s in IPv%d' % (tunnel, outer) if tunnel else method
        self.vip = ('203.0.113.%d' if family == 4 else '2001:db8:f::%d') % (100 + number)
        back = '2001:db8:b::' if outer == 6 or not outer and family == 6 else '198.51.100.'
        self.server = back + '%d' % (150 + number)

    def port(self, vport):
        return DPORT if self.method == 'nat' and vport == VPORT else vport

    def overhead(self):
        return (40 if self.outer == 6 else 20) + rules.TUNNELS[self.tunnel][2] \
            if self.tunnel else 0


def kinds_of(family):
    made = [Kind(0, family, 'nat'), Kind(1, family, 'dr')]
    for tunnel in rules.TUNNELS:
        for outer in (4, 6):
            made.append(Kind(len(made), family, 'tun', tunnel, outer))
    return made


class Row:
    """`side`: where `packets` are sent from. `out`: the packets that leave. `counts`: (conns,
    inpkts, outpkts, inbytes, outbytes). `before`: [(side, packet)] sent first, results ignored."""

    def __init__(self, name, side, packets, out=(), counts=(0, 0, 0, 0, 0), before=(), mib=None):
        self.name, self.side = name, side
        self.packets = [packets] if isinstance(packets, bytes) else packets
        self.out = [out] if isinstance(out, rules.Out) else list(out)
        self.counts, self.before, self.mib = counts, before, mib or {}


def finished(raw):
    """The packet with the transport checksum that a device would have filled in."""
    proto, at, _ = rules.locate(raw)
    if proto in CHECK_AT and len(raw) > at + CHECK_AT[proto] + 1:
        check = rules.transport_check(raw, proto, at)
        return rules.put(raw, at + CHECK_AT[proto], struct.pack('!H', check))
    return raw


def fragment_of(side, raw):
    """(key of the datagram, offset, more fragments, header, payload), or None if not a fragment."""
    if not rules.is6(raw):
        word = rules.number(raw, 6)
        if not word & 0x3fff:
            return None
        ihl = (raw[0] & 15) * 4
        return ((side, raw[4:6], raw[9], raw[12:20]), (word & 0x1fff) * 8, bool(word & 0x2000),
                raw[:ihl], raw[ihl:])
    if raw[6] != rules.FRAGMENT or len(raw) < 48:
        return None
    word = rules.number(raw, 42)
    return ((side, raw[44:48], raw[40], raw[8:40]), word & 0xfff8, bool(word & 1),
            rules.put(raw[:40], 6, raw[40:41]), raw[48:])


def whole(head, body):
    """A reassembled packet. The length field of one above 65535 bytes is truncated."""
    if rules.is6(head):
        return rules.put(head, 4, struct.pack('!H', len(body) & 0xffff)) + body
    head = rules.put(head, 2, struct.pack('!H', len(head) + len(body) & 0xffff))
    return rules.sealed(rules.put(head, 6, bytes([head[6] & 0x40, 0])) + body)


def gathered(heard):
    """[(side, packet, size of its largest fragment or 0)], with fragments reassembled."""
    done, parts = [], {}
    for side, raw in heard:
        part = fragment_of(side, raw)
        if part is None:
            done.append((side, raw, 0))
        else:
            parts.setdefault(part[0], []).append(part[1:] + (len(raw),))
    for (side, *_), found in parts.items():
        found.sort()
        body, complete = b'', not found[-1][1]
        for at, _, _, data, _ in found:
            complete = complete and at == len(body)
            body += data
        if complete:
            done.append((side, whole(found[0][2], body), max(part[4] for part in found)))
        else:
            done += [(side, part[2] + part[3], part[4]) for part in found]
    return done


class Setup:
    def __init__(self, family):
        self.family, self.kinds = family, kinds_of(family)
        self.ends, self.ipvs = Ends(family), Ipvs()
        self.taps = {'client': self.ends.client, 'server': self.ends.server}
        self.client, self.stranger = self.ends.at.phantom_client, self.ends.at.phantoms[7]
        self.at, self.rows, self.failed, self.excused = self.ends.at, 0, 0, {}
        self.pmtu_disc, self.last_port = True, 1024
        with namespace('director'):
            self.files = {name: open('/proc/net/' + name, 'rb', 0)
                          for name in ('ip_vs_stats_percpu', 'snmp', 'snmp6')}
        self.change('add')
        self.ipvs.flush()
        for kind in self.kinds:
            self.serve(kind)

    def change(self, verb):
        lines = []
        for kind in self.kinds:
            lines.append('addr %s %s dev lo%s' % (
                verb, kind.vip + ('/32' if self.family == 4 else '/128'),
                ' nodad' if verb == 'add' and self.family == 6 else ''))
            lines.append('neigh %s %s lladdr %s dev back%s' % (
                'replace' if verb == 'add' else 'del', kind.server, MAC['server1', 'back'],
                ' nud permanent' if verb == 'add' else ''))
        # the host behind the servers' neighbour entries must not answer for them
        net = '203.0.113.0/24' if self.family == 4 else '2001:db8:f::/64'
        for ns, text in (('director', '\n'.join(lines)),
                         ('server1', 'route %s blackhole %s' % (verb, net))):
            subprocess.run(('ip', '-n', ns, '-force', '-batch', '-'), text=True,
                           input=text + '\n', check=verb == 'add')

    @contextlib.contextmanager
    def link_mtu(self, mtu, *links):
        """Sets the MTU of these (namespace, device) pairs for a while."""
        for ns, dev in links:
            ip_command(ns, 'link', 'set', dev, 'mtu', str(mtu))
        yield
        for ns, dev in links:
            ip_command(ns, 'link', 'set', dev, 'mtu', '1500')

    @contextlib.contextmanager
    def accepting_own(self):
        """The director accepts packets with its own addresses as source for a while."""
        path = '/proc/sys/net/ipv4/conf/back/accept_local'
        with namespace('director'), open(path, 'w') as file:
            file.write('1')
        yield
        with namespace('director'), open(path, 'w') as file:
            file.write('0')

    def serve(self, kind):
        method = {'nat': MASQ, 'dr': DIRECT, 'tun': TUNNEL}[kind.method]
        tunnel = None
        if kind.tunnel:
            number, flags, _ = rules.TUNNELS[kind.tunnel]
            tunnel = (number, rules.GUE_PORT if number == 1 else 0, flags)
        for proto, port in ((TCP, VPORT), (UDP, VPORT), (SCTP, VPORT), (UDP, ISAKMP)):
            service = (kind.vip, port, proto)
            self.ipvs.add_service(*service, 'rr')
            self.ipvs.dest('NEW_DEST', service, kind.server, kind.port(port), method,
                           tunnel=tunnel)

    def sport(self):
        self.last_port += 1
        return self.last_port

    # Packets of clients and servers, and the packets they become.

    def packet(self, src, dst, proto, sport, dport, what='first', payload=b'', **ip_args):
        if proto == SCTP:
            return pkt.sctp(src, dst, sport, dport, 'init' if what == 'first' else 'data',
                               payload=payload, **ip_args)
        if proto == UDP:
            return pkt.udp(src, dst, sport, dport, payload or b'datagram', **ip_args)
        return pkt.tcp(src, dst, sport, dport, 'syn' if what == 'first' else 'data',
                          payload=payload, **ip_args)

    def request(self, kind, proto, sport, what='first', payload=b'', **ip_args):
        return self.packet(self.client, kind.vip, proto, sport, VPORT, what, payload, **ip_args)

    def reply(self, kind, proto, sport, what='second', payload=b'', **ip_args):
        return self.packet(kind.server, self.client, proto, kind.port(VPORT), sport, what,
                           payload, **ip_args)

    def sent_on(self, kind, raw, vport=VPORT, error=False):
        """A client's packet as the real server gets it by this method."""
        raw = rules.hop(raw)
        if kind.method == 'nat':
            edit = rules.error_readdressed if error else rules.readdressed
            raw = edit(raw, 'dst', kind.server, kind.port(vport))
        if kind.method == 'tun':
            return rules.wrapped(raw, kind.tunnel, kind.source, kind.server, self.pmtu_disc)
        return rules.Out('server', raw)

    def sent_back(self, kind, raw, vport=VPORT, error=False):
        """A real server's packet as the client gets it."""
        edit = rules.error_readdressed if error else rules.readdressed
        return rules.Out('client', edit(rules.hop(raw), 'src', kind.vip, vport))

    # Running rows.

    def pass_by(self, side):
        """Sends the packet after the row's and returns everything captured before it."""
        here, there = (self.client, self.stranger)[::1 if side == 'client' else -1]
        self.taps[side].send(pkt.udp(here, there, SENTINEL, SENTINEL))
        far = 'server' if side == 'client' else 'client'
        heard, end = [], time.monotonic() + 10
        while time.monotonic() < end:
            got = self.taps[far].heard()
            if got is None:
                continue
            if (got.src, got.sport, got.dport) == (here, SENTINEL, SENTINEL):
                break
            heard.append((far, got))
        else:
            tap.fail('forwarding has stopped')
        while True:
            got = self.taps[side].heard()
            if got is None:
                return [entry for entry in heard if not is_noise(entry[1])]
            heard.append((side, got))

    def counters(self):
        lines = self.read('ip_vs_stats_percpu').split('\n')
        total = [0] * 5
        for line in lines:
            words = line.split()
            if len(words) == 6 and words[0] != '~' and words[0] != 'CPU':
                total = [have + int(word, 16) for have, word in zip(total, words[1:])]
        return total

    def read(self, name):
        file = self.files[name]
        file.seek(0)
        return file.read(1 << 16).decode()

    def mib(self):
        values = {}
        if self.family == 6:
            for line in self.read('snmp6').split('\n'):
                words = line.split()
                if len(words) == 2:
                    values[words[0]] = int(words[1])
            return {ours: values[names[1]] for ours, names in MIB.items()}
        lines = self.read('snmp').split('\n')
        for names, numbers in zip(lines[::2], lines[1::2]):
            group = names.partition(':')[0]
            for name, value in zip(names.split()[1:], numbers.split()[1:]):
                values[group, name] = int(value)
        return {ours: values.get((names[0], ours), 0) for ours, names in MIB.items()}

    def run(self, row):
        self.rows += 1
        for side, raw in row.before:
            self.taps[side].send(raw)
        for side in {side for side, _ in row.before}:
            self.pass_by(side)
        counters, mib = self.counters(), self.mib()
        for raw in row.packets:
            self.taps[row.side].send(raw)
        heard = self.pass_by(row.side)
        wrong = judged(row, heard)
        moved = tuple(b - a for a, b in zip(counters, self.counters()))
        if moved != row.counts:
            wrong.append('counters %s, wanted %s' % (shown_counts(moved),
                                                     shown_counts(row.counts)))
        after = self.mib()
        moved = {name: after[name] - mib[name] for name in mib if after[name] != mib[name]}
        if moved != row.mib:
            wrong.append('MIB %r, wanted %r' % (moved, row.mib))
        if wrong:
            self.report(row, wrong)

    def report(self, row, wrong):
        name = 'IPv%d %s' % (self.family, row.name)
        reason = differences.reason_for_row(name)
        if reason:
            self.excused[reason] = self.excused.get(reason, 0) + 1
            return
        self.failed += 1
        if self.failed <= 60 or 'ALL' in os.environ:
            tap.fail(name + '\n#     ' + '\n#     '.join(wrong))

    def close(self):
        for reason, count in self.excused.items():
            tap.note('%d rows not as in the table: %s' % (count, reason))
        tap.check(self.rows, 'no rows')
        if self.failed:
            tap.fail('%d of %d rows' % (self.failed, self.rows))
        self.ipvs.flush()
        self.change('del')
        for file in self.files.values():
            file.close()
        for ns in ('director', 'client'):
            ip_command(ns, '-4', 'route', 'flush', 'cache')
            ip_command(ns, '-6', 'route', 'flush', 'cache')
        self.ends.close()


def is_noise(got):
    """Neighbour discovery and multicast membership."""
    return got.proto == 2 or got.proto == ICMP6 and got.kind is not None \
        and (got.kind in range(130, 138) or got.kind == 143)


def shown_counts(counts):
    return ' '.join('%s %d' % pair for pair in zip(COUNTERS, counts) if pair[1]) or 'none'


def judged(row, heard):
    """The differences from the row, as lines."""
    wrong, left = [], []
    for got in heard:
        raw = got[1].raw[:got[1].length] if hasattr(got[1], 'length') else got[1].raw
        left.append((got[0], finished(raw) if got[1].unfinished else raw))
    left = gathered(left)
    for want in row.out:
        for entry in left:
            side, raw, size = entry
            if want.agrees(side, raw) and want.fits(size):
                left.remove(entry)
                break
        else:
            wrong.append('not seen: ' + shown(want.side, want.raw, want.limit))
            near = [entry for entry in left if len(entry[1]) == len(want.raw)]
            if near:
                wrong.append('nearest differs: ' + difference(want, near[0][1]))
    return wrong + ['seen: ' + shown(*entry) for entry in left]


def shown(side, raw, size):
    return '%s < %r, %d bytes%s' % (side, Parsed(raw), len(raw),
                                    ' in fragments up to %d' % size if size else '')


def difference(want, raw):
    a, b = want.masked(want.raw), want.masked(raw)
    at = [n for n in range(len(a)) if a[n] != b[n]]
    return 'at %s: %s, wanted %s' % (at[:12], bytes(b[n] for n in at[:12]).hex(),
                                     bytes(a[n] for n in at[:12]).hex()) if at else 'not at all'
