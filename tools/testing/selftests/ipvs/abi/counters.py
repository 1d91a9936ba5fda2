#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Named counters: for every reason that packets can cause, its counter moves and no other does.

A case is a function that sends packets; the table lists the counters that must have moved, and by
how much (None: by any number). Not covered: drop_no_memory, drop_headroom, drop_encap, drop_method
and table_stuck, which need a memory shortage; drop_conntrack; drop_icmp_frag, as ICMP errors reach
ip_vs reassembled; conn_dropped, bypassed and table_*, which other tests cover.
"""

import socket
import subprocess

from ipvstest import genl, pkt, tap
from ipvstest.genl import MASQ
from ipvstest.namespaces import command_in, namespace
from ipvstest.pkt import TCP, UDP
from ipvstest.rig import Rig
from ipvstest.settings import Knobs
from ipvstest.weir import Moves
from ipvstest.wire import ip_command, wait_until

# also moved by connections of other tests
NOISE = ('conn_expired', 'route_lookup', 'table_grown', 'table_shrunk')
NEW = {'scheduled': 1, 'conn_new': 1}
PERSISTENT, ONE_PACKET = 1, 4
last_port = 0


def port():
    global last_port
    last_port += 1
    return last_port


class Case(Rig):
    """A service on its own port, so that no older connection interferes."""

    def __init__(self, family, method='nat', proto=TCP, server=None, flags=0):
        super().__init__(family, method, proto, vport=port(),
                         servers=[server] if server else None)
        if flags:
            self.ipvs.must('SET_SERVICE', genl.nest(genl.TOP_SERVICE, genl.service_id(
                *self.service) + [genl.text(genl.SVC_SCHED, 'rr'), genl.attr(
                    genl.SVC_FLAGS, bytes((flags, 0, 0, 0, 255, 255, 255, 255))),
                    genl.u32(genl.SVC_TIMEOUT, 100), genl.netmask_attr(self.at.vip, None)]))
        self.six = family == 6

    def open(self, sport=None):
        sport = sport or port()
        self.send(sport, 'syn')
        tap.check(self.arrived(sport), 'no connection')
        return sport

    def error(self, about, to=None, src=None, spoil=False):
        raw = bytearray(pkt.icmp(src or self.client, to or self.at.vip,
                                    *pkt.port_unreachable(self.family), payload=about))
        if spoil:
            raw[-1] ^= 0xff
        return bytes(raw)

    def answer(self, sport, flags='synack'):
        return self.segment(self.at.vip, self.client, self.vport, sport, flags)

    def drop_dest(self):
        self.ipvs.del_dest(self.service, self.servers[0], self.dport)


def plen(family):
    return '32' if family == 4 else '128'


class Route:
    """with Route(case, 'mtu', 'lock', '600'): a host route to the server."""

    def __init__(self, case, *options):
        self.where = [case.servers[0] + '/' + plen(case.family), 'dev', 'back']
        self.options = options

    def __enter__(self):
        ip_command('director', 'route', 'add', *self.where, *self.options)

    def __exit__(self, *_):
        ip_command('director', 'route', 'del', *self.where)


# --- drops ---------------------------------------------------------------------------------

def no_dest(case):
    case.drop_dest()
    yield
    case.send(port())


def sent_here(case):
    """A process on the director itself gets EPERM."""
    case.drop_dest()
    with namespace('director'):
        sock = socket.socket(socket.AF_INET6 if case.six else socket.AF_INET, socket.SOCK_DGRAM)
    yield
    try:
        sock.sendto(b'x', (case.at.vip, case.vport))
        tap.fail('sent without a server')
    except PermissionError:
        pass
    sock.close()


def dest_gone(case):
    sport = case.open()
    case.drop_dest()
    yield
    case.send(sport, 'ack')


def stray(case):
    with Knobs(nat_icmp_send=1):
        yield
        case.reply(port(), 'ack')
        yield 'wait'


def defence(case):
    with Knobs(drop_packet=3, am_droprate=1):
        yield
        case.send(port())
        yield 'wait'


def conn_max(case):
    with Knobs(conn_max=0):
        yield
        case.send(port())
        yield 'wait'


def pe_payload(case):
    subprocess.run(['nsenter', '--net=/run/netns/director', 'ipvsadm', '-E', '-u', '%s:%d' % (
        '[%s]' % case.at.vip if case.six else case.at.vip, case.vport), '-s', 'rr', '-p', '60',
        '--pe', 'sip'], check=True)
    yield
    case.send(port(), payload=b'no SIP at all')


def truncated(case):
    yield
    case.ends.client.send(pkt.ip(case.client, case.at.vip, TCP,
                                    pkt.tcp_segment(case.client, case.at.vip, port(), case.vport,
                                                       'syn')[:12]))


def icmp_csum(case):
    sport = case.open()
    yield
    case.ends.client.send(case.error(case.answer(sport), spoil=True))


def no_route(case):
    yield
    case.send(port())


def from_loopback(case):
    """A process on the director itself, with a loopback source."""
    family = socket.AF_INET6 if case.six else socket.AF_INET
    with namespace('director'):
        sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.bind(('::1' if case.six else '127.0.0.1', 0))
    yield
    sock.sendto(b'x', (case.at.vip, case.vport))
    sock.close()


def to_loopback(case):
    yield
    case.send(port())


def reply_route(case):
    family = '-6' if case.six else '-4'
    sport = case.open()
    ip_command('director', family, 'rule', 'add', 'from', case.at.vip, 'lookup', '77')
    ip_command('director', family, 'route', 'add', 'unreachable', 'default', 'table', '77')
    yield
    case.reply(sport)
    yield 'wait'
    ip_command('director', family, 'rule', 'del', 'from', case.at.vip, 'lookup', '77')
    ip_command('director', family, 'route', 'flush', 'table', '77')


def ttl(case):
    yield
    case.send(port(), ttl=1)


def too_big(case):
    with Route(case, 'mtu', 'lock', '1400'):
        yield
        case.send(port(), payload=b'x' * 1420)
        yield 'wait'


def tunnel_mtu(case):
    with Route(case, 'mtu', 'lock', '1300' if case.six else '80'):
        yield
        case.send(port())
        yield 'wait'


LOOPBACK = {4: '127.0.0.1', 6: '::1'}
NOWHERE = {4: '198.18.0.1', 6: '2001:db8:dead::1'}

DROPS = (
    (no_dest, {}, {'drop_no_dest': 1, 'unreachable_sent': 1}),
    (sent_here, {'proto': UDP, 'but': ('pass_icmp_unrelated',)},
     {'drop_no_dest': 1, 'unreachable_sent': 1}),
    (dest_gone, {}, {'drop_dest_gone': 1}),
    (stray, {}, {'drop_stray': 1, 'unreachable_sent': 1}),
    (defence, {}, {'drop_defence': 1}),
    (conn_max, {}, {'drop_conn_max': 1, 'scheduled': 1}),
    (pe_payload, {'proto': UDP}, {'drop_pe_payload': 1}),
    (truncated, {}, {'drop_truncated': 1}),
    (icmp_csum, {}, {'drop_icmp_csum': 1}),
    (no_route, {'server': NOWHERE}, {'drop_no_route': 1, **NEW}),
    (no_route, {'server': NOWHERE, 'method': 'dr'}, {'drop_no_route': 1, **NEW}),
    (no_route, {'server': NOWHERE, 'method': 'tun'}, {'drop_no_route': 1, **NEW}),
    (from_loopback, {'proto': UDP}, {'drop_route_refused': 1, **NEW}),
    (to_loopback, {'server': LOOPBACK}, {'drop_loopback': 1, **NEW}),
    (reply_route, {}, {'drop_reply_route': 1}),
    (ttl, {}, {'drop_ttl': 1, **NEW}),
    (ttl, {'method': 'dr'}, {'drop_ttl': 1, **NEW}),
    (ttl, {'method': 'tun'}, {'drop_ttl': 1, **NEW}),
    (too_big, {}, {'drop_too_big': 1, **NEW}),
    (too_big, {'method': 'dr'}, {'drop_too_big': 1, **NEW}),
    (too_big, {'method': 'tun'}, {'drop_too_big': 1, **NEW}),
    (tunnel_mtu, {'method': 'tun'}, {'drop_tunnel_mtu': 1, **NEW}),
)


# --- passes --------------------------------------------------------------------------------

def no_service(case):
    yield
    case.ends.client.send(pkt.udp(case.client, case.at.vip, port(), case.vport, b'x'))


def not_opening(case):
    yield
    case.send(port(), 'ack')


def not_balanced(case):
    yield
    case.ends.client.send(pkt.ip(case.client, case.at.vip, 253, b'experiment'))


def ftp_data(case):
    yield
    case.send(20)


def about_stranger(case):
    yield
    case.ends.client.send(case.error(case.answer(port())))


def stranger_forwarded(case):
    about = case.segment(case.client, case.servers[0], port(), case.dport)
    yield
    case.ends.server.send(case.error(about, case.client, case.servers[0]))


PASSES = (
    (no_service, {}, {'pass_no_service': 1}),
    (not_opening, {}, {'pass_not_opening': 1}),
    (not_balanced, {}, {'pass_not_balanced': 1}),
    (ftp_data, {}, {'pass_ftp_data': 1}),
    (about_stranger, {}, {'pass_icmp_unrelated': 1}),
    (stranger_forwarded, {}, {'pass_icmp_unrelated': 1}),
)


# --- events --------------------------------------------------------------------------------

def connection(case):
    yield
    sport = case.open()
    case.send(sport, 'ack')
    case.reply(sport)


def established(case):
    """Packets of an established connection move no counter."""
    sport = case.open()
    yield
    for _ in range(20):
        case.send(sport, 'data', b'x')
        case.reply(sport, 'data', b'x')
    tap.check(case.answered(sport), 'an answer')


def one_packet(case):
    yield
    case.send(port())


def reused(case):
    sport = case.open()
    case.send(sport, 'ack')
    case.send(sport, 'rst')
    yield
    case.send(sport, 'syn')


def removed(case):
    case.open()
    with Knobs(expire_nodest_conn=1):
        yield
        case.drop_dest()
        yield 'wait'


def one_client(case):
    yield
    case.open()
    case.open()


def stale(case):
    case.open()
    case.ipvs.dest('SET_DEST', case.service, case.servers[0], case.dport, MASQ, weight=0)
    with Knobs(expire_quiescent_template=1):
        yield
        case.send(port())
        yield 'wait'


def error_to_server(case):
    sport = case.open()
    yield
    case.ends.client.send(case.error(case.answer(sport)))


def error_to_client(case):
    sport = case.open()
    yield
    about = case.segment(case.client, case.servers[0], sport, case.dport)
    case.ends.server.send(case.error(about, case.client, case.servers[0]))


def error_about_tunnel(case):
    sport = port()
    case.send(sport)
    outer = case.arrived(sport)
    yield
    case.ends.server.send(pkt.icmp(case.servers[0], case.at.director_back, 3, 1,
                                      payload=outer.raw))


def in_fragments(case):
    """A forwarded reply in fragments: packets to the director itself are reassembled by the
    stack."""
    sport = case.open()
    whole = pkt.udp_datagram(case.servers[0], case.client, case.dport, sport, b'y' * 64)
    yield
    for args in ({'more': True}, {'offset': 32}):
        part = whole[:32] if 'more' in args else whole[32:]
        case.ends.server.send(pkt.ip(case.servers[0], case.client, UDP, part, df=False,
                                        ident=99, **args))


EVENTS = (
    (connection, {}, NEW),
    (connection, {'method': 'dr'}, NEW),
    (connection, {'method': 'tun'}, NEW),
    (established, {}, {}),
    (one_packet, {'proto': UDP, 'flags': ONE_PACKET}, {'scheduled': 1, 'conn_one_packet': 1}),
    (reused, {}, {'conn_reused': 1, **NEW}),
    (removed, {}, {'conn_flushed': None}),
    (one_client, {'flags': PERSISTENT}, {'scheduled': 1, 'template_new': 1, 'template_hit': 1,
                                         'conn_new': 2}),
    (stale, {'flags': PERSISTENT}, {'template_stale': 1, 'drop_no_dest': 1,
                                    'unreachable_sent': 1}),
    (error_to_server, {}, {'icmp_to_server': 1}),
    (error_to_client, {}, {'icmp_to_client': 1}),
    (error_about_tunnel, {'method': 'tun', 'only': 4}, {'icmp_tunnel': 1}),
    (in_fragments, {'proto': UDP, 'only': 4}, {'frag_taken': 1, 'frag_whole': 1}),
)


def run_all(which, family):
    """All cases of a table."""
    global last_port
    tap.defer(*command_in('director', 'ipvsadm', '--set', '900', '120', '300'))
    # ports on which no other test here has connections
    last_port = 20000 + 1000 * list(TABLES).index(which) + 100 * family
    for entry in TABLES[which]:
        run(*entry, family)


def run(steps, options, wanted, family):
    what = '%s %s' % (steps.__name__, options.get('method', ''))
    if options.get('only', family) != family:
        return
    case = Case(family, options.get('method', 'nat'), options.get('proto', TCP),
                options['server'][family] if 'server' in options else None,
                options.get('flags', 0))
    walk = steps(case)
    next(walk)
    moves = Moves(but=NOISE + options.get('but', ()))
    again = next(walk, None)
    wait_until(lambda: all(moves.now().get(name, 0) >= (count or 1)
                           for name, count in wanted.items()))
    moved = moves.now()
    tap.equal({name: wanted.get(name, count) and count for name, count in moved.items()}, wanted,
              what)
    if again:
        next(walk, None)
    case.close()


TABLES = {'drops': DROPS, 'passes': PASSES, 'events': EVENTS}


@tap.test(each_family=True)
def drops(family):
    run_all('drops', family)


@tap.test(each_family=True)
def passes(family):
    run_all('passes', family)


@tap.test(each_family=True)
def events(family):
    run_all('events', family)


tap.main(weir_only='the in-tree ip_vs has no named counters')
