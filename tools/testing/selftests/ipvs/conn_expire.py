#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""conn_expire.py FAMILY: with all settable timeouts at 3 s."""

import sys
import time

from ipvstest import tap
from ipvstest.conns import ConnTable
from ipvstest.packet import TCP, UDP
from ipvstest.rig import Rig
from ipvstest.wire import wait_until

TIMEOUT = 3
SLACK = 3       # how late a timer may be on a slow machine
MANY = 50


def open_connections(rig):
    """Connections in the three states whose timeout can be set."""
    if rig.proto == UDP:
        for sport in range(4000, 4000 + MANY):
            rig.send(sport)
        return [('UDP', sport) for sport in range(4000, 4000 + MANY)]
    tap.check(rig.establish(4100), 'no connection')
    tap.check(rig.establish(4101), 'no connection')
    rig.send(4101, 'fin')
    return [('ESTABLISHED', 4100), ('FIN_WAIT', 4101)]


def lives_and_dies(family, method, proto):
    rig, table, name = Rig(family, method, proto), ConnTable(), {TCP: 'TCP', UDP: 'UDP'}[proto]
    start = time.monotonic()
    for state, sport in open_connections(rig):
        conn = wait_until(lambda: table.of(name, sport, rig.vport))
        if tap.check(conn, '%s %s: no connection' % (method, state)):
            tap.equal(conn.state, state, '%s port %d' % (method, sport))
            tap.check(conn.expires <= TIMEOUT, '%s: expires in %d s' % (state, conn.expires))
    born = time.monotonic()
    tap.check(wait_until(lambda: not table.all(), TIMEOUT + SLACK), method + ': connections stay')
    lived = time.monotonic() - born
    tap.check(time.monotonic() - start > TIMEOUT - 1.1, '%s: gone after %.1f s' % (method, lived))
    tap.equal(rig.ipvs.counts(rig.service, rig.servers[0], rig.dport), (0, 0),
              '%s %s: active, inactive afterwards' % (method, name))
    rig.close()


def used_lives_on(family):
    """A packet a second keeps a connection past its timeout, and the same one."""
    rig, table = Rig(family, 'nat'), ConnTable()
    tap.check(rig.establish(4200), 'no connection')
    end = time.monotonic() + TIMEOUT + 3
    while time.monotonic() < end:
        rig.send(4200, 'ack')
        if not tap.check(rig.arrived(4200), 'a packet in time did not arrive'):
            break
        time.sleep(0.5)
    conn = table.of('TCP', 4200, rig.vport)
    tap.check(conn and conn.state == 'ESTABLISHED', 'gone while in use: %r' % conn)
    rig.close()


def main(family):
    for method, proto in (('dr', TCP), ('tun', UDP), ('nat', UDP)):
        lives_and_dies(family, method, proto)
    used_lives_on(family)


main(int(sys.argv[1]))
tap.finish()
