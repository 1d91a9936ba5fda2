#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Root of a user namespace, with a network namespace of its own: the socket options require
privilege there, netlink requires privilege in the initial user namespace. The shared network is
not used."""

import subprocess

from ipvstest import sockctl, tap
from ipvstest.genl import Ipvs
from ipvstest.sockctl import Sockopts

VIP = '203.0.113.10'


def netlink():
    ipvs = Ipvs(None)
    for cmd in ('GET_INFO', 'GET_CONFIG', 'FLUSH', 'ZERO', 'SET_CONFIG', 'NEW_SERVICE'):
        tap.equal(ipvs.call(cmd).error, 'EPERM', cmd)
    tap.equal(ipvs.call('GET_SERVICE', dump=True).error, 'EPERM', 'dump')


def options():
    opts = Sockopts(None)
    tap.equal(opts.info()[2], 0, 'services at the start')
    opts.must_set('ADD', sockctl.service(VIP, 80, sched=b'rr'))
    opts.must_set('ADDDEST', sockctl.service(VIP, 80) + sockctl.dest('192.0.2.1', 80))
    tap.equal(len(opts.dests(addr=VIP, port=80)), 1, 'destinations')
    with open('/proc/thread-self/net/ip_vs') as file:
        tap.equal(file.read().count('CB00710A:0050'), 1, 'services in /proc')
    # the service goes with the namespace


@tap.test
def root_of_a_user_namespace():
    tap.in_user_namespace('as_root')


@tap.step
def as_root():
    subprocess.run(('ip', 'link', 'set', 'lo', 'up'), check=True)
    netlink()
    options()


tap.main()
