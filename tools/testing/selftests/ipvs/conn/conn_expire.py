#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Timeouts set with `ipvsadm --set` apply to connections: an idle connection expires after that
time, one in use does not, and none leaves a count behind. Phantoms at both ends.
"""

import subprocess
import time

from ipvstest import tap
from ipvstest.conns import ConnTable
from ipvstest.namespaces import command_in
from ipvstest.pkt import TCP, UDP
from ipvstest.rig import Rig
from ipvstest.wire import wait_until

TIMEOUT = 3
SLACK = 3       # latency of a timer on a slow machine
MANY = 50       # UDP connections of a service


def ipvsadm(*args):
    return command_in('director', 'ipvsadm', *args)


def open_connections(rig):
    """Opens connections in the three states with a configurable timeout: [(state, port)]."""
    if rig.proto == UDP:
        for sport in range(4000, 4000 + MANY):
            rig.send(sport)
        return [('UDP', sport) for sport in range(4000, 4000 + MANY)]
    tap.check(rig.establish(4100), 'no connection')
    tap.check(rig.establish(4101), 'no connection')
    rig.send(4101, 'fin')
    return [('ESTABLISHED', 4100), ('FIN_WAIT', 4101)]


def check_born(rig, table, name, connections):
    for state, sport in connections[:3]:
        conn = wait_until(lambda: table.of(name, sport, rig.vport))
        if tap.check(conn, '%s %s: no connection' % (rig.method, state)):
            tap.equal(conn.state, state, '%s port %d' % (rig.method, sport))
            tap.check(conn.expires <= TIMEOUT, '%s: expires in %d s' % (state, conn.expires))


@tap.test(each_family=True)
def expiry(family):
    """Idle connections of several services, and one in use: the idle ones expire in time, the one
    in use stays."""
    tap.defer(*ipvsadm('--set', '900', '120', '300'))
    subprocess.run(ipvsadm('--set', *[str(TIMEOUT)] * 3), check=True)
    table, used = ConnTable(), Rig(family, 'nat', vport=8100)
    tap.check(used.establish(4200), 'no connection')
    rigs = []
    for number, (method, proto) in enumerate((('dr', TCP), ('tun', UDP), ('nat', UDP))):
        rig = Rig(family, method, proto, vport=8000 + number, flush=False)
        check_born(rig, table, {TCP: 'TCP', UDP: 'UDP'}[proto], open_connections(rig))
        rigs.append(rig)
    start = time.monotonic()
    gone = None
    while gone is None and time.monotonic() - start < TIMEOUT + SLACK:
        used.send(4200, 'ack')
        tap.check(used.arrived(4200), 'a packet in time did not arrive')
        time.sleep(0.2)
        if not any(conn.cport != 4200 for conn in table.all()):
            gone = time.monotonic() - start
    if tap.check(gone, 'connections do not expire: %r' % table.all()[:5]):
        tap.check(gone > TIMEOUT - 1.2, 'expired after %.1f s' % gone)
    for rig in rigs:
        tap.equal(rig.ipvs.counts(rig.service, rig.servers[0], rig.dport), (0, 0),
                  '%s: active, inactive afterwards' % rig.method)
    conn = table.of('TCP', 4200, used.vport)
    tap.check(conn and conn.state == 'ESTABLISHED', 'expired while in use: %r' % conn)
    used.close()


@tap.test
def setting():
    tap.defer(*ipvsadm('--set', '900', '120', '300'))
    for values, timeouts, what in ((None, '900 120 300', 'default'),
                                   ('100 20 30', '100 20 30', 'set'),
                                   ('0 21 0', '100 21 30', '0 keeps')):
        if values:
            subprocess.run(ipvsadm('--set', *values.split()), check=True)
        shown = subprocess.run(ipvsadm('-L', '--timeout'), capture_output=True, check=True, text=True)
        tap.equal(shown.stdout, 'Timeout (tcp tcpfin udp): %s\n' % timeouts, what)


tap.main()
