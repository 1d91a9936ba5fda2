# SPDX-License-Identifier: GPL-2.0
"""A service in front of phantom servers, with the test at both ends of every connection."""

from . import pkt
from .genl import DIRECT, MASQ, TUNNEL, Ipvs
from .pkt import ICMP, ICMP6, SCTP, TCP, UDP
from .wire import Ends

METHODS = {'nat': MASQ, 'dr': DIRECT, 'tun': TUNNEL}
# A service per method, as connections outlive services.
VPORT = {'nat': 80, 'dr': 81, 'tun': 82}
DPORT = 8080
AS_CHUNK = {'syn': 'init', 'ack': 'data'}


def is_error(got):
    return got.inner is not None and got.proto in (ICMP, ICMP6)


class Rig:
    def __init__(self, family, method='nat', proto=TCP, sched='rr', vport=None, servers=None,
                 flush=True, ends=None):
        """The caller still has to close `ends`."""
        self.family, self.method, self.proto = family, method, proto
        self.own_ends = None if ends else Ends(family)
        self.ends, self.ipvs = ends or self.own_ends, Ipvs()
        self.at = self.ends.at
        self.client, self.servers = self.at.phantom_client, servers or [self.at.phantoms[0]]
        self.vport = vport or VPORT[method]
        self.dport = DPORT if method == 'nat' else self.vport
        self.service = (self.at.vip, self.vport, proto)
        if flush:
            self.ipvs.flush()
        self.ipvs.add_service(*self.service, sched)
        for server in self.servers:
            self.ipvs.dest('NEW_DEST', self.service, server, self.dport, METHODS[method])

    def segment(self, src, dst, sport, dport, flags='syn', payload=b'', **ip_args):
        if self.proto == UDP:
            return pkt.udp(src, dst, sport, dport, payload or b'payload', **ip_args)
        if self.proto == SCTP:
            return pkt.sctp(src, dst, sport, dport, AS_CHUNK.get(flags, flags), **ip_args)
        return pkt.tcp(src, dst, sport, dport, flags, payload=payload, **ip_args)

    def request(self, sport, flags='syn', payload=b'', **ip_args):
        return self.segment(self.client, self.at.vip, sport, self.vport, flags, payload, **ip_args)

    def send(self, sport, *args, **ip_args):
        self.ends.client.send(self.request(sport, *args, **ip_args))

    def reply(self, sport, flags='synack', payload=b'', **ip_args):
        self.ends.server.send(self.segment(self.servers[0], self.client, self.dport, sport, flags,
                                           payload, **ip_args))

    def unwrap(self, got):
        return got.inner if self.method == 'tun' else got

    def arrived(self, sport, seconds=3.0):
        """The request from this port as the servers got it (with its outer header, if any)."""
        return self.ends.server.expect(
            lambda p: self.unwrap(p) is not None and self.unwrap(p).sport == sport, seconds)

    def answered(self, sport, seconds=3.0):
        return self.ends.client.expect(
            lambda p: p.proto == self.proto and p.dport == sport, seconds)

    def error(self, sport, seconds=3.0):
        """The ICMP error that the client gets about its packet from this port."""
        return self.ends.client.expect(lambda p: is_error(p) and p.inner.sport == sport, seconds)

    def establish(self, sport):
        """Opens a connection, as far as the director can see; True if both packets got through."""
        for flags in ('syn', 'ack'):
            self.send(sport, flags)
            if not self.arrived(sport):
                return False
        return True

    def outcome(self, sport, seconds=3.0):
        """'forwarded', 'icmp T/C' or 'nothing', whichever comes first for this port."""
        rounds = max(int(seconds / 0.01), 1)
        for _ in range(rounds):
            if self.arrived(sport, 0.005):
                return 'forwarded'
            got = self.ends.client.expect(
                lambda p: (is_error(p) and p.inner.sport == sport) or p.dport == sport, 0.005)
            if got and is_error(got):
                return 'icmp %d/%d' % (got.kind, got.code)
            if got:
                return 'answered by %s flags %#x' % (
                    'the VIP' if got.src == self.at.vip else got.src, got.flags or 0)
        return 'nothing'

    def close(self):
        self.ipvs.flush()
        if self.own_ends:
            self.own_ends.close()
