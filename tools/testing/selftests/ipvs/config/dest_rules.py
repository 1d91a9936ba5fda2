#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Connections whose real server is removed, added again, drained or edited, and packets from a
server that belong to no connection. Two phantoms take turns as the server.
"""

from ipvstest import genl, tap
from ipvstest.conns import ConnTable
from ipvstest.genl import DIRECT, MASQ
from ipvstest.pkt import TCP, UDP
from ipvstest.rig import Rig, is_error
from ipvstest.settings import Knobs
from ipvstest.wire import Addresses, wait_until


def rig_of(family, number, proto=TCP, **args):
    return Rig(family, 'nat', proto, vport=8600 + 10 * number + family,
               servers=Addresses(family).phantoms[:2], **args)


def server_of(rig, sport, *args):
    """The server that gets the request from this port, or None."""
    rig.send(sport, *args)
    got = rig.arrived(sport, 0.3)
    return got and got.dst


def counted(rig, server):
    """(active, inactive) of a server."""
    return rig.ipvs.counts(rig.service, server, rig.dport)


def remove(rig, server):
    rig.ipvs.del_dest(rig.service, server, rig.dport)


def add(rig, server, **args):
    rig.ipvs.dest('NEW_DEST', rig.service, server, rig.dport, MASQ, **args)


@tap.test(each_family=True)
def removed(family):
    """The connections of a removed server stay, and their packets are dropped silently."""
    rig, table = rig_of(family, 0), ConnTable()
    first, second = server_of(rig, 4000), server_of(rig, 4001)
    tap.check(first and second and first != second, 'no alternation: %s %s' % (first, second))
    remove(rig, first)
    tap.equal(server_of(rig, 4000, 'ack'), None, 'receiver of a packet for a removed server')
    tap.check(not rig.error(4000, 0.05), 'an error for a packet to a removed server')
    tap.check(table.of('TCP', 4000, rig.vport), 'the connection has ended')
    tap.equal(server_of(rig, 4001, 'ack'), second, 'receiver of a packet for the other server')
    tap.equal([server_of(rig, sport) for sport in (4002, 4003)], [second] * 2, 'new connections')
    rig.reply(4000)
    tap.check(rig.answered(4000), 'a removed server\'s reply')
    rig.close()


@tap.test(each_family=True)
def revived(family):
    """A server removed and added again gets its connections back, in the counts and for packets."""
    rig = rig_of(family, 1)
    first, second = server_of(rig, 4000), server_of(rig, 4001)
    server_of(rig, 4000, 'ack')
    server_of(rig, 4002)
    server_of(rig, 4002, 'fin')
    tap.equal(counted(rig, first), (1, 1), 'before')
    remove(rig, first)
    add(rig, first)
    tap.equal(counted(rig, first), (1, 1), 'revived')
    tap.equal(server_of(rig, 4000, 'ack'), first, 'server of the connection')
    # the same for a whole service, whose counters start again at zero
    rig.ipvs.flush()
    rig.ipvs.add_service(*rig.service, 'rr')
    add(rig, first)
    tap.equal(counted(rig, first), (1, 1), 'revived with its service')
    fields = rig.ipvs.dests(rig.service)[first, rig.dport]
    tap.equal(genl.stats_of(fields, genl.DST_STATS).get(genl.STAT_CONNS, 0), 0, 'counter after adding it again')
    tap.equal(server_of(rig, 4000, 'ack'), first, 'server of the connection')
    tap.equal(server_of(rig, 4001, 'ack'), None, 'connection of a server that is gone')
    add(rig, second)
    tap.equal(server_of(rig, 4001, 'ack'), second, 'after adding the other server again')
    rig.close()


@tap.test(each_family=True)
def expire_nodest_conn(family):
    """Connections of a removed server end; its clients are scheduled to another at once."""
    table = ConnTable()
    with Knobs(expire_nodest_conn=1):
        rig = rig_of(family, 2, UDP)
        first, second = server_of(rig, 4000), server_of(rig, 4001)
        server_of(rig, 4002)
        remove(rig, first)
        tap.equal(server_of(rig, 4000), second, 'server of the next packet')
        tap.check(wait_until(lambda: not table.of('UDP', 4002, rig.vport), 5),
                  'a silent connection stays')
        tap.equal(server_of(rig, 4001), second, 'server of another connection')
        rig.close()


@tap.test(each_family=True)
def drained(family):
    """Weight 0: connections continue; with expire_nodest_conn a new SYN ends its connection."""
    rig = rig_of(family, 3)
    first, second = server_of(rig, 4000), server_of(rig, 4001)
    rig.ipvs.dest('SET_DEST', rig.service, first, rig.dport, MASQ, weight=0)
    tap.equal([server_of(rig, sport) for sport in (4002, 4003)], [second] * 2, 'new connections')
    tap.equal(server_of(rig, 4000, 'ack'), first, 'server of the connection')
    tap.equal(server_of(rig, 4000, 'syn'), first, 'server of its SYN')
    with Knobs(expire_nodest_conn=1):
        tap.equal(server_of(rig, 4000, 'ack'), first, 'server with the knob')
        tap.equal(server_of(rig, 4000, 'syn'), second, 'server of its SYN with the knob')
    tap.equal(server_of(rig, 4000, 'ack'), second, 'server after the SYN')
    rig.close()


@tap.test(each_family=True)
def edited(family):
    """Method and weight change: connections keep their method, new ones get the new one."""
    rig = rig_of(family, 4)
    first = server_of(rig, 4000)
    second = server_of(rig, 4001)
    rig.ipvs.dest('SET_DEST', rig.service, second, rig.dport, MASQ, weight=0)
    rig.ipvs.dest('SET_DEST', rig.service, first, rig.dport, DIRECT)
    tap.equal(server_of(rig, 4000, 'ack'), first, 'rewritten as before')
    tap.equal(server_of(rig, 4002), rig.at.vip, 'not rewritten')
    rig.ipvs.dest('SET_DEST', rig.service, first, rig.dport, MASQ, weight=100)
    tap.equal(server_of(rig, 4002, 'ack'), rig.at.vip, 'left as it was')
    tap.equal(server_of(rig, 4003), first, 'rewritten again')
    tap.equal(counted(rig, first), (3, 0), 'connections')
    rig.close()


@tap.test(each_family=True)
def nat_icmp_send(family):
    """A server's packet that belongs to no connection, from a service's port or another one."""
    # Separate ports: a connection of another test would match the servers' packets.
    for proto in (TCP, UDP):
        rig = rig_of(family, 4 + proto, proto)
        what = 'TCP' if proto == TCP else 'UDP'

        def fate(sport, flags='synack', port=rig.dport):
            rig.ends.server.send(rig.segment(rig.servers[0], rig.client, port, sport, flags))
            if rig.answered(sport, 0.05):
                return 'forwarded'
            got = rig.ends.server.expect(lambda p: is_error(p) and p.inner.dport == sport, 0.5)
            return got and 'icmp %d/%d' % (got.kind, got.code)

        refused = 'icmp 3/3' if family == 4 else 'icmp 1/4'
        tap.equal(fate(4700), 'forwarded', what + ' without the knob')
        with Knobs(nat_icmp_send=1):
            tap.equal(fate(4701), refused, what)
            tap.equal(fate(4702, port=rig.dport + 1), 'forwarded', what + ' from another port')
            if proto == TCP:
                tap.equal(fate(4703, 'rst'), 'forwarded', 'a reset')
            server = server_of(rig, 4704)
            rig.servers[0] = server
            tap.equal(fate(4704), 'forwarded', what + ' reply')
            remove(rig, server)
            tap.equal(fate(4705), 'forwarded', what + ' of a removed server')
        rig.close()


@tap.test(each_family=True)
def shared_server(family):
    """A server of several services is known as long as one of them has it by NAT with the packet's
    protocol."""
    rig, other = rig_of(family, 90), rig_of(family, 91, flush=False)
    datagrams = rig_of(family, 92, UDP, flush=False)
    server, sport = rig.servers[0], 4800

    def is_known():
        nonlocal sport
        sport += 1
        rig.ends.server.send(rig.segment(server, rig.client, rig.dport, sport, 'synack'))
        return not rig.answered(sport, 0.05)

    def edit(method):
        rig.ipvs.dest('SET_DEST', other.service, server, rig.dport, method)

    with Knobs(nat_icmp_send=1):
        tap.check(is_known(), 'in two services')
        remove(rig, server)
        tap.check(is_known(), 'removed from the first one')
        edit(DIRECT)
        tap.check(not is_known(), 'by direct routing')
        edit(MASQ)
        tap.check(is_known(), 'by NAT again')
        add(rig, server)
        remove(other, server)
        tap.check(is_known(), 'added to the first, removed from the second one')
        remove(rig, server)
        tap.check(not is_known(), 'removed from both')
    for each in (datagrams, other, rig):
        each.close()


tap.main()
