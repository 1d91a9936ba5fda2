#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""SCTP associations between kernel sockets, by NAT (also with port translation), direct routing and
tunnels, with checksums and segmentation left to devices or to the stack (other tunnels:
tunnels.sh); conn_reuse_mode and persistence for SCTP; AH and ESP that follow their ISAKMP
connection. states.sh tests the state table, knobs.sh sloppy_sctp.
"""

import socket
import subprocess
import threading

from ipvstest import pkt, tap
from ipvstest.conns import ConnTable
from ipvstest.genl import DIRECT, MASQ, TUNNEL, Ipvs
from ipvstest.namespaces import command_in, namespace
from ipvstest.pkt import SCTP, UDP
from ipvstest.rig import Rig
from ipvstest.rules import GUE_PORT, TUNNELS
from ipvstest.settings import Knobs
from ipvstest.wire import CSUM_NOT_READY, Addresses, Ends, about, capture, wait_until

AH, ESP = 51, 50
PAYLOAD = bytes(range(256)) * 200


def has_sctp():
    if subprocess.run(('modprobe', 'sctp'), check=False).returncode:
        print('# no SCTP sockets in this kernel')
        return False
    return True


def sctp_socket(ns, address, port):
    """A socket bound to one address, as an SCTP endpoint sends its peer all addresses it is bound
    to."""
    with namespace(ns):
        sock = socket.socket(socket.AF_INET6 if pkt.is6(address) else socket.AF_INET,
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


class Watch:
    """Captures what the director gets from the client."""

    def __init__(self):
        self.sock = capture('director', 'front')
        self.sock.setblocking(False)

    def close(self):
        """(bytes of the largest packet, whether a checksum was pending). The receiver may have
        pulled the data after the first bytes out of the packet already."""
        largest, to_come = 0, False
        try:
            while True:
                _, cmsgs, _, _ = self.sock.recvmsg(14, 64)
                status, size = about(cmsgs)
                largest = max(largest, size - 14)
                to_come |= bool(status & CSUM_NOT_READY)
        except BlockingIOError:
            self.sock.close()
        return largest, to_come


def wrong_sums():
    with namespace('server1'), open('/proc/thread-self/net/sctp/snmp') as file:
        return dict(line.split() for line in file)['SctpChecksumErrors']


def association(at, ipvs, name, method, port, dport, server=None, tunnel=None):
    """One association: the server echoes its bytes, and the director tracks its states."""
    service, server = (at.vip, port, SCTP), server or at.real[0]
    ipvs.flush()
    ipvs.add_service(*service, 'rr')
    ipvs.dest('NEW_DEST', service, server, dport, method, tunnel=tunnel)
    listener = sctp_socket('server1', at.real[0] if method == MASQ else at.vip, dport)
    listener.listen(4)
    echo = threading.Thread(target=echo_all, args=(listener,), daemon=True)
    echo.start()
    watch, wrong = Watch(), wrong_sums()
    client = sctp_socket('client', at.client, 0)
    client.connect((at.vip, port))
    tap.check(exchange(client, PAYLOAD) == PAYLOAD, name + ': the echo differs')
    largest, to_come = watch.close()
    tap.check(to_come, name + ': the client made the checksums')
    tap.equal(wrong_sums(), wrong, name + ': wrong checksums')
    table, cport = ConnTable(), client.getsockname()[1]

    def state():
        conn = table.of('SCTP', cport, port)
        return conn and conn.state

    tap.equal(state(), 'ESTABLISHED', name + ': state')
    tap.equal(ipvs.counts(service, server, dport)[:2], (1, 0), name + ': active, inactive')
    client.close()
    echo.join()
    listener.close()
    tap.equal(wait_until(lambda: state() == 'CLOSED' and 'CLOSED'), 'CLOSED',
              name + ': state after the shutdown')
    tap.equal(ipvs.counts(service, server, dport)[:2], (0, 1), name + ': counts then')
    ipvs.flush()
    return largest


@tap.test(each_family=True)
def associations(family):
    if not has_sctp():
        return
    for dev in ('front', 'back'):
        tap.defer(*command_in('director', 'ethtool', '-K', dev, 'tx', 'on', 'sg', 'on', 'tso', 'on',
                              'gso', 'on'))
    at, ipvs = Addresses(family), Ipvs()
    # a port each, as a server that is added again has its old counts
    for port, how in ((5060, 'by devices'), (5070, 'by the stack')):
        sums_at_back(how)
        sizes = [association(at, ipvs, '%s, sums %s' % (name, how), method, port + n, port + n + far)
                 for n, (name, method, far) in enumerate((
                     ('nat', MASQ, 0), ('nat, other port', MASQ, 1000), ('dr', DIRECT, 0),
                     ('tun', TUNNEL, 0)))]
        tap.check(max(sizes) > 1500, 'no packets of more than a segment')
    sums_at_back('by devices')


def sums_at_back(how):
    """Selects whether devices or the stack segment the packets that the director sends and compute
    their checksums."""
    features = {'by devices': ('tx', 'on', 'sg', 'on', 'tso', 'on', 'gso', 'on'),
                'by the stack': ('tx', 'off')}[how]
    for dev in ('front', 'back'):
        subprocess.run(('nsenter', '--net=/run/netns/director', 'ethtool', '-K', dev) + features,
                       check=True, stdout=subprocess.DEVNULL)


@tap.step
def tunnels(family, outer, *kinds):
    """server1 has the other ends of the tunnels."""
    if not has_sctp():
        return
    at, far, ipvs = Addresses(family), Addresses(outer), Ipvs()
    port = 5100 + 50 * (outer == 6) + 20 * list(TUNNELS).index(kinds[0])
    for how in ('by devices', 'by the stack'):
        sums_at_back(how)
        for kind in kinds:
            number, flags, _ = TUNNELS[kind]
            association(at, ipvs, '%s in IPv%d, sums %s' % (kind, outer, how), TUNNEL, port, port,
                        far.real[0], (number, GUE_PORT if number == 1 else 0, flags))
            port += 1
    sums_at_back('by devices')


def reuse(family):
    """An INIT on the ports of a closed association is scheduled to a new server."""
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
    """The associations of one client stay with one server."""
    ends, ipvs, table = Ends(family), Ipvs(), ConnTable()
    at = ends.at
    service = (at.vip, 5090 + family, SCTP)
    ipvs.flush()
    ipvs.add_service(*service, 'rr', flags=1, timeout=100)
    for phantom in at.phantoms[:2]:
        ipvs.dest('NEW_DEST', service, phantom, service[1], MASQ)

    def send(sport, chunk):
        ends.client.send(pkt.sctp(at.phantom_client, at.vip, sport, service[1], chunk))
        got = ends.server.expect(lambda p: p.sport == sport)
        return got and got.dst

    def template():
        found = table.of('SCTP', 0, service[1])
        return found and found.state

    home = send(4000, 'init')
    tap.equal(template(), 'NONE', 'template of a client that is not proven')
    ends.server.send(pkt.sctp(home, at.phantom_client, service[1], 4000, 'cookieack'))
    tap.check(ends.client.expect(lambda p: p.dport == 4000), 'no reply')
    tap.equal(template(), 'ASSURED', 'template of an established association')
    for sport in (4001, 4002, 4003):
        tap.equal(send(sport, 'init'), home, 'the same client again')
    ipvs.flush()
    ends.close()


@tap.test(each_family=True)
def rules(family):
    reuse(family)
    persistent(family)


@tap.test(each_family=True)
def ipsec(family):
    """AH and ESP follow the ISAKMP connection of the same client, and are not scheduled without
    one."""
    ends, ipvs = Ends(family), Ipvs()
    at = ends.at
    service = (at.vip, 500, UDP)
    ipvs.flush()
    ipvs.add_service(*service, 'rr')
    for phantom in at.phantoms[:2]:
        ipvs.dest('NEW_DEST', service, phantom, 500, MASQ)
    # AH is skipped as an IPv6 extension header, so IPv6 has only ESP
    protocols = (ESP, AH) if family == 4 else (ESP,)
    ends.client.send(pkt.udp(at.phantom_client, at.vip, 500, 500, b'isakmp'))
    first = ends.server.expect(lambda p: p.sport == 500)
    if tap.check(first, 'ISAKMP did not arrive'):
        for proto in protocols:
            what = 'protocol %d' % proto
            ends.client.send(pkt.ip(at.phantom_client, at.vip, proto, b'\0' * 24))
            got = ends.server.expect(lambda p, proto=proto: p.proto == proto)
            tap.equal(got and (got.src, got.dst, got.bad), (at.phantom_client, first.dst, []),
                      what + ' in')
            ends.server.send(pkt.ip(first.dst, at.phantom_client, proto, b'\0' * 24))
            got = ends.client.expect(lambda p, proto=proto: p.proto == proto)
            tap.equal(got and (got.src, got.bad), (at.vip, []), what + ' out')
    ipvs.flush()
    ends.close()


tap.main(tools=['ethtool'])
