#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""fuzz.py fuzz PROGRAM [OPTION...]: the packet fuzzer against services of every kind, while their
configuration changes. FUZZ_SEED also determines the changes; FUZZ_STILL=1 makes none."""

import os
import random
import select
import subprocess

from ipvstest import tap
from ipvstest.genl import DIRECT, MASQ, TUNNEL, Ipvs
from ipvstest.pkt import SCTP, TCP, UDP
from ipvstest.settings import Knobs
from ipvstest.wire import Addresses, capture

PERSISTENT, ONE_PACKET = 1, 4
IPIP, GUE, GRE = 0, 1, 2
GUE_PORT, MARK, VPORT = 5555, 7, 80
SCHEDULERS = 'rr wrr lc wlc lblc lblcr dh sh sed nq fo ovf mh'.split()
# By port, from VPORT on: flags, scheduler, (tunnel type, flags). Even ports are NAT and, except
# 500, have another port at the server, as in fuzz/build.c. A mark has port 90, the director is the
# server of 92, and 94 has no service.
KINDS = {80: (0, 'rr', None), 81: (0, 'rr', ()), 82: (PERSISTENT, 'rr', None),
         83: (0, 'rr', (IPIP, 0)), 84: (0, 'wlc', None), 85: (0, 'rr', (GUE, 0)),
         86: (ONE_PACKET, 'rr', None), 87: (0, 'wrr', (GUE, 1)), 88: (0, 'sh', None),
         89: (0, 'rr', (GUE, 2)), 91: (0, 'mh', (GRE, 0)), 92: (0, 'rr', None),
         93: (0, 'rr', (GRE, 1)), 95: (PERSISTENT, 'wlc', (IPIP, 0)), 21: (PERSISTENT, 'rr', None),
         500: (0, 'rr', None)}
KNOBS = {'conntrack': 2, 'sloppy_tcp': 2, 'sloppy_sctp': 2, 'schedule_icmp': 2, 'nat_icmp_send': 2,
         'ignore_tunneled': 2, 'cache_bypass': 2, 'pmtu_disc': 2, 'snat_reroute': 2,
         'expire_nodest_conn': 2, 'expire_quiescent_template': 2, 'conn_reuse_mode': 4,
         'drop_entry': 4, 'drop_packet': 4, 'secure_tcp': 4, 'run_estimation': 2}
FEATURES = 'tx rx sg tso gso gro'.split()


class Place:
    """A service, with the addresses of its destinations."""

    def __init__(self, family, proto, port):
        at = Addresses(family)
        flags, sched, tunnel = KINDS[port]
        self.flags, self.sched = flags if proto != TCP else flags & PERSISTENT, sched
        self.service = (at.vip, port, proto)
        self.method = MASQ if tunnel is None else TUNNEL if tunnel else DIRECT
        self.tunnel = tunnel or (IPIP, 0)
        self.dport = port if port % 2 or port == 500 else port + 8000
        where = Addresses(10 - family if port == 95 else family)
        self.servers = [where.director_back] if port == 92 else where.phantoms[:3]

    def add_dest(self, ipvs, server, cmd='NEW_DEST', weight=1, method=None, tunnel=None):
        kind, flags = tunnel or self.tunnel
        ipvs.dest(cmd, self.service, server, self.dport, self.method if method is None else method,
                  weight, tunnel=(kind, GUE_PORT if kind == GUE else 0, flags))

    def add(self, ipvs):
        ipvs.add_service(*self.service, self.sched, self.flags, 20 if self.flags & 1 else 0)
        for server in self.servers:
            self.add_dest(ipvs, server)


class Churn:
    """Changes the configuration now and then; refusals are no failures."""

    def __init__(self, seed):
        self.rng, self.ipvs, self.capture = random.Random(seed), Ipvs(), None
        self.places = [Place(family, proto, port) for family in (4, 6)
                       for proto in (TCP, UDP, SCTP) for port in KINDS]
        self.knobs = Knobs()
        self.changes = 0

    def build(self):
        self.ipvs.flush()
        for place in self.places:
            try:
                place.add(self.ipvs)
            except OSError as error:
                tap.note('left out: %s: %s' % (place.service, error))
        lines = []
        for family, option in ((4, ''), (6, '-6')):
            at = Addresses(family)
            host = '[%s]' if family == 6 else '%s'
            lines.append('-A -f %d %s -s rr' % (MARK, option))
            lines += ['-a -f %d %s -r %s:8090 -m' % (MARK, option, host % server)
                      for server in at.phantoms[:3]]
        subprocess.run(['nsenter', '--net=/run/netns/director', 'ipvsadm', '-R'], text=True,
                       input='\n'.join(lines) + '\n', check=True)

    def edit(self, place, server):
        place.add_dest(self.ipvs, server, 'SET_DEST', self.rng.choice((0, 1, 1, 5)),
                       self.rng.choice((place.method, place.method, MASQ, DIRECT, TUNNEL)),
                       (self.rng.randrange(3), self.rng.randrange(3)))

    def replace(self, place, server):
        self.ipvs.del_dest(place.service, server, place.dport)
        place.add_dest(self.ipvs, server)

    def reschedule(self, place, _):
        self.ipvs.edit_service(*place.service, self.rng.choice(SCHEDULERS))

    def renew(self, place, _):
        self.ipvs.del_service(*place.service)
        place.add(self.ipvs)

    def knob(self, *_):
        name = self.rng.choice(list(KNOBS))
        if self.knobs.has(name):
            self.knobs.set(**{name: self.rng.randrange(KNOBS[name])})

    def tap_in(self, *_):
        """Starts or stops a capture, which makes every packet a clone."""
        if self.capture:
            self.capture.close()
            self.capture = None
            return
        self.capture = capture('director')

    def offload(self, *_):
        subprocess.run(['nsenter', '--net=/run/netns/director', 'ethtool', '-K', 'back',
                        self.rng.choice(FEATURES), self.rng.choice(('on', 'off'))],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)

    def all_anew(self, *_):
        self.build()

    def change(self):
        what = self.rng.choices(
            (self.edit, self.replace, self.reschedule, self.renew, self.knob, self.tap_in,
             self.offload, self.all_anew), (20, 10, 10, 5, 20, 4, 2, 1))[0]
        place = self.rng.choice(self.places)
        try:
            what(place, self.rng.choice(place.servers))
        except OSError:
            pass
        self.changes += 1

    def stop(self):
        if self.capture:
            self.capture.close()
        self.knobs.__exit__()
        self.ipvs.flush()
        subprocess.run(['nsenter', '--net=/run/netns/director', 'ethtool', '-K', 'back'] +
                       [word for name in FEATURES for word in (name, 'off' if name == 'gro' else 'on')],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


@tap.step
def fuzz(*command):
    seed = int(os.environ['FUZZ_SEED'])
    churn = Churn(seed)
    churn.build()
    child = subprocess.Popen(map(str, command))
    while child.poll() is None:
        select.select([], [], [], 0.05)
        if not os.environ.get('FUZZ_STILL'):
            churn.change()
    tap.equal(child.returncode, 0, 'status of the fuzzer')
    tap.note('%d changes of the configuration' % churn.changes)
    churn.stop()


tap.main()
