#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A client that was connected to a real server by NAT connects from the same port to the server
itself, through the director (see direct.sh). Phantoms at both ends.
"""

from ipvstest import pkt, tap
from ipvstest.conns import ConnTable
from ipvstest.rig import Rig
from ipvstest.wire import wait_until

# The packets by client (>) and server (<) that bring a connection to a state, and whether it is
# over then.
STATES = (
    ('SYN_RECV', '>syn', False),
    ('ESTABLISHED', '>syn <synack >ack', False),
    ('FIN_WAIT', '>syn <synack >ack <fin', False),
    ('CLOSE_WAIT', '>syn <synack >ack >fin', False),
    ('TIME_WAIT', '>syn <synack >ack <fin >fin', True),
    ('CLOSE', '>syn <synack >ack >rst', True),
)


def play(rig, sport, steps):
    for step in steps.split():
        if step[0] == '>':
            rig.send(sport, step[1:])
            got = rig.arrived(sport)
        else:
            rig.reply(sport, step[1:])
            got = rig.answered(sport)
        tap.check(got, '%s: %s was not forwarded' % (steps, step))


def direct(rig, sport, flags='syn', dport=None):
    """Sends a segment to the server itself; True if the server gets it."""
    rig.ends.client.send(pkt.tcp(rig.client, rig.servers[0], sport, dport or rig.dport, flags))
    return rig.ends.server.expect(lambda p: p.sport == sport and p.src == rig.client) is not None


def source(rig, sport):
    """Where a reply of the server to this port seems to come from."""
    rig.reply(sport)
    got = rig.answered(sport)
    return got and {rig.at.vip: 'VIP', rig.servers[0]: 'server'}.get(got.src, got.src)


@tap.step
def states(family):
    """Only a connection that is over ends, and its successor's replies pass untouched."""
    rig, table, sport = Rig(family, 'nat', vport=8500 + family), ConnTable(), 4000
    for state, steps, over in STATES:
        sport += 1
        play(rig, sport, steps)
        conn = wait_until(lambda: table.of('TCP', sport, rig.vport))
        tap.equal(conn and conn.state, state, 'state after ' + steps)
        tap.check(direct(rig, sport), '%s: the SYN to the server is lost' % state)
        tap.equal(table.of('TCP', sport, rig.vport) is None, over, state + ': it ended')
        tap.equal(source(rig, sport), 'server' if over else 'VIP', state + ': source of replies')
    rig.close()


@tap.step
def others(family):
    """Other packets to the server end nothing, nor does a SYN to another port or from one."""
    rig, table, sport = Rig(family, 'nat', vport=8510 + family), ConnTable(), 4100
    play(rig, sport, '>syn <synack >ack <fin >fin')
    for flags in ('ack', 'synack', 'rst', 'fin'):
        tap.check(direct(rig, sport, flags), '%s to the server is lost' % flags)
        tap.check(table.of('TCP', sport, rig.vport), 'ended by %s' % flags)
    tap.check(direct(rig, sport, dport=rig.dport + 1), 'a SYN to another port is lost')
    tap.check(direct(rig, sport + 1), 'a SYN from another port is lost')
    tap.equal(table.of('TCP', sport, rig.vport).state, 'TIME_WAIT', 'its state')
    tap.equal(source(rig, sport), 'VIP', 'source of replies')
    rig.close()


tap.main()
