#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""sctp.py associations|rules|ipsec FAMILY: associations of the kernel's own SCTP sockets through
each method, the rules that have a name in TCP, too, and AH/ESP packets after ISAKMP."""

import socket
import subprocess
import sys
import threading

from ipvstest import packet, tap
from ipvstest.conns import ConnTable
from ipvstest.genl import DIRECT, MASQ, TUNNEL, Ipvs
from ipvstest.knobs import Knobs
from ipvstest.netns import namespace
from ipvstest.packet import SCTP, UDP
from ipvstest.rig import Rig
from ipvstest.wire import Addresses, Ends, wait_until

AH, ESP = 51, 50
PAYLOAD = bytes(range(256)) * 200


def sctp_socket(ns, address, port):
    """Bound to one address: an SCTP socket tells its peer all that it is bound to."""
    with namespace(ns):
        sock = socket.socket(socket.AF_INET6 if packet.is6(address) else socket.AF_INET,
                             socket.SOCK_STREAM, SCTP)
    sock.settimeout(20)
    sock.bind((address, port))
    return sock


def echo_all(listener):
    conn, _ = listener.accept()
    conn.settimeout(20)
    while True:
        data = conn.recv(65536)
        if not data:
            break
        conn.sendall(data)
    conn.close()


def exchange(sock, data):
    sender = threading.Thread(target=sock.sendall, args=(data,))
    sender.start()
    got = b''
    while len(got) < len(data):
        part = sock.recv(65536)
        if not part:
            break
        got += part
    sender.join()
    return got


def association(at, ipvs, name, method, port, dport):
    """One association: its bytes come back, and the director follows its states."""
    service = (at.vip, port, SCTP)
    ipvs.flush()
    ipvs.add_service(*service, 'rr')
    ipvs.dest('NEW_DEST', service, at.real[0], dport, method)
    listener = sctp_socket('server1', at.real[0] if method == MASQ else at.vip, dport)
    listener.listen(4)
    server = threading.Thread(target=echo_all, args=(listener,))
    server.start()
    client = sctp_socket('client', at.client, 0)
    client.connect((at.vip, port))
    tap.check(exchange(client, PAYLOAD) == PAYLOAD, name + ': what came back is not what was sent')
    table, cport = ConnTable(), client.getsockname()[1]

    def state():
        conn = table.of('SCTP', cport, port)
        return conn and conn.state

    tap.equal(state(), 'ESTABLISHED', name + ': state')
    tap.equal(ipvs.counts(service, at.real[0], dport)[:2], (1, 0), name + ': active, inactive')
    client.close()
    server.join()
    listener.close()
    tap.equal(wait_until(lambda: state() == 'CLOSED' and 'CLOSED'), 'CLOSED',
              name + ': state after the shutdown')
    tap.equal(ipvs.counts(service, at.real[0], dport)[:2], (0, 1), name + ': counts then')
    ipvs.flush()


def associations(family):
    if subprocess.run(('modprobe', 'sctp'), check=False).returncode:
        print('# no SCTP sockets in this kernel')
        return
    at, ipvs = Addresses(family), Ipvs()
    # a port for each, as a server that comes back has its old counts
    association(at, ipvs, 'nat', MASQ, 5060, 5060)
    association(at, ipvs, 'nat, other port', MASQ, 5061, 6061)
    association(at, ipvs, 'dr', DIRECT, 5062, 5062)
    association(at, ipvs, 'tun', TUNNEL, 5063, 5063)


def reuse(family):
    """An INIT on the ports of an association that is over finds a new server."""
    for mode, moves in ((0, False), (1, True)):
        rig = Rig(family, 'nat', SCTP, vport=5080 + 2 * family + mode)
        rig.send(4000)
        tap.check(rig.arrived(4000), 'the first INIT')
        rig.send(4000, 'abort')
        tap.check(rig.arrived(4000), 'the ABORT')
        other = rig.at.phantoms[1]
        rig.ipvs.dest('NEW_DEST', rig.service, other, rig.dport, MASQ)
        rig.ipvs.dest('SET_DEST', rig.service, rig.servers[0], rig.dport, MASQ, weight=0)
        with Knobs(conn_reuse_mode=mode):
            rig.send(4000)
            got = rig.arrived(4000)
        tap.equal(got and got.dst, other if moves else rig.servers[0], 'conn_reuse_mode %d' % mode)
        rig.close()


def persistent(family):
    """A client's associations stay with one server."""
    ends, ipvs, table = Ends(family), Ipvs(), ConnTable()
    at = ends.at
    service = (at.vip, 5090 + family, SCTP)
    ipvs.flush()
    ipvs.add_service(*service, 'rr', flags=1, timeout=100)
    for phantom in at.phantoms[:2]:
        ipvs.dest('NEW_DEST', service, phantom, service[1], MASQ)

    def send(sport, chunk):
        ends.client.send(packet.sctp(at.phantom_client, at.vip, sport, service[1], chunk))
        got = ends.server.expect(lambda p: p.sport == sport)
        return got and got.dst

    def template():
        found = table.of('SCTP', 0, service[1])
        return found and found.state

    home = send(4000, 'init')
    tap.equal(template(), 'NONE', 'template of a client that is not proven')
    ends.server.send(packet.sctp(home, at.phantom_client, service[1], 4000, 'cookieack'))
    tap.check(ends.client.expect(lambda p: p.dport == 4000), 'no reply')
    tap.equal(template(), 'ASSURED', 'template of an established association')
    for sport in (4001, 4002, 4003):
        tap.equal(send(sport, 'init'), home, 'the same client again')
    ipvs.flush()
    ends.close()


def rules(family):
    reuse(family)
    persistent(family)


def ipsec(family):
    """AH and ESP go where the ISAKMP connection of the same client went, and nowhere alone."""
    ends, ipvs = Ends(family), Ipvs()
    at = ends.at
    service = (at.vip, 500, UDP)
    ipvs.flush()
    ipvs.add_service(*service, 'rr')
    for phantom in at.phantoms[:2]:
        ipvs.dest('NEW_DEST', service, phantom, 500, MASQ)
    # an AH header as an IPv6 extension is stepped over, so that one has ESP only
    protocols = (ESP, AH) if family == 4 else (ESP,)
    ends.client.send(packet.udp(at.phantom_client, at.vip, 500, 500, b'isakmp'))
    first = ends.server.expect(lambda p: p.sport == 500)
    if tap.check(first, 'ISAKMP did not arrive'):
        for proto in protocols:
            what = 'protocol %d' % proto
            ends.client.send(packet.ip(at.phantom_client, at.vip, proto, b'\0' * 24))
            got = ends.server.expect(lambda p, proto=proto: p.proto == proto)
            tap.equal(got and (got.src, got.dst, got.bad), (at.phantom_client, first.dst, []),
                      what + ' in')
            ends.server.send(packet.ip(first.dst, at.phantom_client, proto, b'\0' * 24))
            got = ends.client.expect(lambda p, proto=proto: p.proto == proto)
            tap.equal(got and (got.src, got.bad), (at.vip, []), what + ' out')
    ipvs.flush()
    ends.close()


{'associations': associations, 'rules': rules, 'ipsec': ipsec}[sys.argv[1]](int(sys.argv[2]))
tap.finish()
