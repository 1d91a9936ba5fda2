#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""IPsec traffic for xt_ipvs.sh: xt_ipvs.py ipsec FAMILY PROTOCOL"""

from ipvstest import pkt, tap
from ipvstest.genl import MASQ, Ipvs
from ipvstest.pkt import UDP
from ipvstest.wire import Ends

ISAKMP = 500


@tap.step
def ipsec(family, proto):
    """A key exchange by NAT, then a packet of this protocol in each direction."""
    ends, ipvs = Ends(family), Ipvs()
    at, service = ends.at, (ends.at.vip, ISAKMP, UDP)
    client, server = at.phantom_client, at.phantoms[0]
    ipvs.add_service(*service, 'rr')
    ipvs.dest('NEW_DEST', service, server, ISAKMP, MASQ)
    ends.client.send(pkt.udp(client, at.vip, ISAKMP, ISAKMP, b'isakmp'))
    tap.check(ends.server.expect(lambda p: p.sport == ISAKMP), 'no key exchange')
    ends.client.send(pkt.ip(client, at.vip, proto, bytes(24)))
    tap.check(ends.server.expect(lambda p: (p.proto, p.dst) == (proto, server)), 'no request')
    ends.server.send(pkt.ip(server, client, proto, bytes(24)))
    tap.check(ends.client.expect(lambda p: (p.proto, p.src) == (proto, at.vip)), 'no reply')
    ipvs.flush()
    ends.close()


tap.main()
