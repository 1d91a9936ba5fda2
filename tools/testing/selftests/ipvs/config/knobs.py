#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The effect of each knob (see knobs.sh)."""

import glob
import os
import struct

from ipvstest import genl, pkt, tap
from ipvstest.conns import ConnTable, ProcFile
from ipvstest.genl import nest, u16, u32
from ipvstest.pkt import IPIP, IPV6, SCTP, TCP, UDP
from ipvstest.rig import METHODS, Rig
from ipvstest.settings import Knobs
from ipvstest.wire import wait_until


def stats(rig, kind=genl.SVC_STATS):
    return genl.stats_of(rig.ipvs.service_fields(rig.service), kind)


@tap.step
def conn_max(family):
    rig, table = Rig(family, 'nat', UDP, vport=8400 + family), ConnTable()
    with Knobs() as knobs:
        if not knobs.has('conn_max'):
            return tap.note('this kernel has no limit')
        knobs.set(conn_max=len(table.all()) + 3)
        came = []
        for sport in range(4000, 4006):
            rig.send(sport)
            came.append(rig.arrived(sport, 0.1) is not None)
        tap.equal(came, [True] * 3 + [False] * 3, 'forwarded')
        tap.check(not rig.error(4005, 0.05), 'an error for a packet above the limit')
        rig.send(4000)
        tap.check(rig.arrived(4000), 'an existing connection')
    rig.send(4004)
    tap.check(rig.arrived(4004), 'not forwarded without limit')
    rig.close()


@tap.step
def sloppy(family):
    """A packet from the middle of a connection creates one, its last packet does not."""
    table = ConnTable()
    for name, proto, middle, end in (('TCP', TCP, 'ack', 'rst'), ('SCTP', SCTP, 'data', 'abort')):
        rig = Rig(family, 'nat', proto, vport=8410 + family)
        rig.send(4000, middle)
        tap.check(not rig.arrived(4000, 0.1), '%s: %s made a connection' % (name, middle))
        with Knobs(**{'sloppy_' + name.lower(): 1}):
            rig.send(4001, middle)
            tap.check(rig.arrived(4001), '%s: %s made no connection' % (name, middle))
            conn = wait_until(lambda: table.of(name, 4001, rig.vport))
            tap.equal(conn and conn.state, 'ESTABLISHED', name + ': state')
            rig.send(4002, end)
            tap.check(not rig.arrived(4002, 0.1), '%s: %s made a connection' % (name, end))
        rig.close()


# The packets by client (>) and server (<) that bring a connection to a state, and the modes in
# which a SYN is then scheduled to a new server.
REUSE = (
    ('nat', 'TIME_WAIT', ('>syn', '<synack', '>ack', '<fin', '>fin'), (1, 2, 3)),
    ('nat', 'CLOSE', ('>syn', '<synack', '>ack', '>rst'), (1, 2, 3)),
    ('nat', 'FIN_WAIT', ('>syn', '<synack', '>ack', '<fin'), ()),
    ('nat', 'ESTABLISHED', ('>syn', '<synack', '>ack'), ()),
    ('dr', 'FIN_WAIT', ('>syn', '>ack', '>fin'), (2, 3)),
)


def play(rig, sport, steps):
    for step in steps:
        if step[0] == '>':
            rig.send(sport, step[1:])
            got = rig.arrived(sport, 1)
        else:
            rig.reply(sport, step[1:])
            got = rig.answered(sport, 1)
        tap.check(got, '%s: %s was not forwarded' % (steps, step))


@tap.step
def conn_reuse_mode(family):
    """Two servers take turns: a new connection goes to the other one."""
    table, sport = ConnTable(), 4000
    rigs = {}
    for i, method in enumerate(('nat', 'dr')):
        rigs[method] = rig = Rig(family, method, vport=8420 + 10 * i + family, flush=False)
        rig.ipvs.dest('NEW_DEST', rig.service, rig.at.phantoms[1], rig.dport, METHODS[method])

    def look():
        return table.of('TCP', sport, rig.vport)

    for method, state, steps, modes in REUSE:
        rig = rigs[method]
        for mode in (0, 1, 2, 3):
            sport += 1
            play(rig, sport, steps[:1])
            rig.servers[0] = wait_until(look).dest
            play(rig, sport, steps[1:])
            conn = wait_until(look)
            tap.equal(conn and conn.state, state, 'state after %s' % (steps,))
            with Knobs(conn_reuse_mode=mode):
                rig.send(sport, 'syn')
                tap.check(rig.arrived(sport, 0.5), '%s, mode %d: the SYN is lost' % (state, mode))
            seconds = 1 if mode in modes else 0.02
            changed = wait_until(lambda: look() and look().dest != conn.dest, seconds)
            tap.equal(bool(changed), mode in modes,
                      '%s %s, mode %d: a new server' % (method, state, mode))
    for rig in rigs.values():
        rig.close()


def unreachable(rig, sport, inner_flags='ack'):
    """A router's error to the VIP about a packet from the VIP to the client."""
    about = rig.segment(rig.at.vip, rig.client, rig.vport, sport, inner_flags)
    kind, code = (3, 1) if rig.family == 4 else (1, 3)
    return pkt.icmp(rig.client, rig.at.vip, kind, code, payload=about)


@tap.step
def schedule_icmp(family):
    table = ConnTable()
    for proto in (TCP, UDP):
        rig = Rig(family, 'nat', proto, vport=8440 + 20 * family + proto)

        def arrived(sport):
            return rig.ends.server.expect(
                lambda p: p.inner is not None and p.inner.dport == sport, 0.2)

        rig.ends.client.send(unreachable(rig, 4000))
        tap.check(not arrived(4000), 'an error of an unknown connection was forwarded')
        with Knobs(schedule_icmp=1):
            rig.ends.client.send(unreachable(rig, 4001))
            got = arrived(4001)
            if tap.check(got, 'not forwarded'):
                tap.equal(got.bad, [], 'damage')
                tap.equal((got.dst, got.inner.src, got.inner.sport),
                          (rig.servers[0], rig.servers[0], rig.dport), 'addresses')
            conn = table.of('TCP' if proto == TCP else 'UDP', 4001, rig.vport)
            tap.check(conn and conn.expires <= 3, 'the connection: %r' % conn)
            tap.equal(conn and (conn.client, conn.virtual), (rig.client, rig.at.vip), 'its ends')
            # no server to send it to, and no error about an error
            rig.ipvs.del_dest(rig.service, rig.servers[0], rig.dport)
            rig.ends.client.send(unreachable(rig, 4002))
            tap.check(not arrived(4002), 'forwarded without a server')
        rig.close()


@tap.step
def ignore_tunneled(family):
    rig = Rig(family, 'nat', vport=8450 + family)

    def tunnelled(sport):
        inner = rig.request(sport)
        rig.ends.client.send(pkt.ip(rig.client, rig.at.director, IPIP if family == 4 else IPV6,
                                       inner))

    tunnelled(4000)
    tap.check(rig.arrived(4000), 'a decapsulated packet is not balanced')
    with Knobs(ignore_tunneled=1):
        tunnelled(4001)
        # The tunnel device clears the mark on decapsulation, as with the in-tree ip_vs.
        tap.check(rig.arrived(4001), 'a decapsulated packet is no longer balanced')
        rig.send(4002)
        tap.check(rig.arrived(4002), 'other packets are not balanced')
    rig.close()


@tap.step
def snat_reroute(family):
    rig = Rig(family, 'nat', vport=8460 + family)
    play(rig, 4000, ('>syn',))
    rig.reply(4000)
    tap.check(not rig.answered(4000, 0.2), 'the reply took the real server\'s route')
    with Knobs(snat_reroute=0):
        rig.reply(4000)
        tap.check(rig.answered(4000), 'the reply was routed again')
    rig.reply(4000)
    tap.check(not rig.answered(4000, 0.2), 'the reply took the real server\'s route again')
    rig.close()


@tap.step
def cache_bypass(family):
    """The script installs the rules that set the mark."""
    rig, table = Rig(family, 'dr', vport=8470 + family), ConnTable()
    site = rig.at.phantoms[7]
    mark = nest(genl.TOP_SERVICE, [
        u16(genl.SVC_AF, genl.AF[family]), u32(genl.SVC_FWMARK, 7),
        genl.text(genl.SVC_SCHED, 'rr'), genl.attr(genl.SVC_FLAGS, struct.pack('II', 0, ~0 & 0xff)),
        u32(genl.SVC_TIMEOUT, 0), genl.netmask_attr(site, None)])
    rig.ipvs.must('NEW_SERVICE', mark)

    def arrived(sport, flags, seconds=3.0):
        rig.ends.client.send(pkt.tcp(rig.client, site, sport, 80, flags))
        return rig.arrived(sport, seconds)

    base = 4000 + 10 * family
    tap.check(not arrived(base, 'syn', 0.1), 'forwarded without a server')
    with Knobs(cache_bypass=1):
        got = arrived(base + 1, 'syn')
        if tap.check(got, 'not bypassed'):
            tap.equal((got.dst, got.ttl), (site, 63), 'address and TTL')
            tap.equal(got.bad, [], 'damage')
        conn = wait_until(lambda: table.of('TCP', base + 1, 80))
        if tap.check(conn, 'no connection'):
            tap.equal((conn.virtual, conn.dest, conn.dport, conn.state),
                      (site, '0.0.0.0' if family == 4 else '::', 0, 'SYN_RECV'), 'connection')
    tap.check(arrived(base + 1, 'ack'), 'the connection does not continue')
    tap.equal(table.of('TCP', base + 1, 80).state, 'ESTABLISHED', 'state')
    tap.check(not arrived(base + 2, 'syn', 0.1), 'bypassed with the knob off')
    rig.close()


@tap.step
def pmtu_disc(family=4):
    """A packet with DF that does not fit into the tunnel."""
    rig = Rig(family, 'tun', UDP, vport=8480 + family)
    big = bytes(1460)
    rig.send(4000, payload=big, df=True)
    got = rig.error(4000)
    tap.check(got and (got.kind, got.code, got.rest & 0xffff) == (3, 4, 1480), 'error: %r' % got)
    with Knobs(pmtu_disc=0):
        rig.send(4001, payload=big, df=True)
        got = rig.ends.server.expect(lambda p: p.proto == IPIP)
        tap.check(got and got.fragment and not got.df, 'in the tunnel: %r' % got)
    rig.send(4002, payload=big, df=True)
    tap.check(rig.error(4002), 'no error')
    rig.close()


def rate(rig):
    return stats(rig)[genl.STAT_INPPS]


def burst(rig):
    for _ in range(400):
        rig.send(4000)
    wait_until(lambda: stats(rig)[genl.STAT_INPKTS] >= 400)


@tap.step
def estimation(family=4):
    rig = Rig(family, 'nat', UDP, vport=8490 + family)
    with Knobs() as knobs:
        knobs.set(run_estimation=0)
        burst(rig)
        # more than an estimation period
        tap.check(not wait_until(lambda: rate(rig), 2.2), 'a rate although none is estimated')
        knobs.set(run_estimation=1)
        burst(rig)
        tap.check(wait_until(lambda: rate(rig) > 0, 10), 'no rate')
        if knobs.has('est_cpulist'):
            before = knobs.get('est_cpulist')
            knobs.set(est_cpulist='\n')
            tap.equal(knobs.get('est_cpulist'), '', 'est_cpulist')
            held = rate(rig)
            tap.check(not wait_until(lambda: rate(rig) != held, 2.2), 'a rate moves without CPUs')
            knobs.set(est_cpulist=before)
    rig.close()


def threads():
    """(nice, CPUs) of each estimation thread, of any namespace."""
    found = []
    for path in glob.glob('/proc/[0-9]*'):
        try:
            with open(path + '/stat') as f:
                name, fields = f.read().split('(', 1)[1].rsplit(')', 1)
            with open(path + '/status') as f:
                status = dict(line.split(':', 1) for line in f)
        except (OSError, ValueError):
            continue  # it has ended
        if name.startswith('ipvs-e:'):
            found.append((int(fields.split()[16]), status['Cpus_allowed_list'].strip()))
    return found


@tap.step
def est_thread(family=4):
    """est_nice and est_cpulist apply to the estimation thread."""
    rig, cpu = Rig(family, 'nat', UDP, vport=8495 + family), max(os.sched_getaffinity(0))
    with Knobs() as knobs:
        if not knobs.has('est_cpulist'):
            return tap.note('this kernel has no thread for rates')
        tap.check(wait_until(threads, 10), 'no thread although there is a service')
        knobs.set(est_nice=7)
        tap.check(wait_until(lambda: [t for t in threads() if t[0] == 7], 10), 'nice: %s' % threads())
        knobs.set(est_cpulist=cpu)
        tap.check(wait_until(lambda: (7, str(cpu)) in threads(), 10), 'CPU %d: %s' % (cpu, threads()))
        burst(rig)
        tap.check(wait_until(lambda: rate(rig) > 0, 10), 'no rate')
        knobs.set(est_cpulist='\n')
        tap.check(wait_until(lambda: not [t for t in threads() if t[0] == 7], 10),
                  'no CPUs: %s' % threads())
        knobs.set(est_cpulist='0-%d' % cpu)
        tap.check(wait_until(lambda: [t for t in threads() if t[0] == 7], 10), 'CPUs again: %s' % threads())
        knobs.set(run_estimation=0)
        tap.check(wait_until(lambda: not [t for t in threads() if t[0] == 7], 10),
                  'no estimation: %s' % threads())
    rig.close()


@tap.step
def conn_lfactor(family=4):
    rig, head = Rig(family, 'dr', UDP, vport=8500 + family), ProcFile('ip_vs')

    def size():
        return number_of(head.text())

    for sport in range(4000, 4200):
        rig.send(sport)
    with Knobs() as knobs:
        if not knobs.has('conn_lfactor'):
            return tap.note('this kernel has no load factor')
        usual = size()
        knobs.set(conn_lfactor=-8)
        tap.check(wait_until(lambda: size() > usual, 5), 'still %d for more room' % size())
        large = size()
        knobs.set(conn_lfactor=8)
        tap.check(wait_until(lambda: size() < large, 5), 'still %d for less room' % size())
    for sport in range(4000, 4200):
        rig.send(sport)
    rig.close()


def number_of(text):
    return int(text.split('size=')[1].split(')')[0])


tap.main()
