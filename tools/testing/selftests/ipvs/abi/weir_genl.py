#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The generic netlink family "weir": its dump, /proc/net/weir_stats and ipvsadm --counters agree,
each namespace has its own counters, and malformed or unprivileged requests are refused.
"""

import os
import struct
import subprocess

from ipvstest import pkt, tap
from ipvstest.genl import attr, nest, text, unprivileged
from ipvstest.rig import Rig
from ipvstest.weir import Weir, text_counters
from ipvstest.wire import wait_until


def ipvsadm(*args):
    return subprocess.run(['nsenter', '--net=/run/netns/director', '/opt/weir/sbin/ipvsadm', '-L',
                           '--counters', *args], check=True, capture_output=True, text=True).stdout


@tap.test
def same():
    rig, before = Rig(4), text_counters()
    rig.send(30000, 'syn')
    tap.check(rig.arrived(30000), 'no connection')
    rig.ends.client.send(pkt.tcp(rig.client, rig.at.vip, 30001, 79, 'syn'))
    wait_until(lambda: text_counters()['pass_no_service'] > before['pass_no_service'])
    rig.close()
    shown, told = text_counters(), Weir().counters()
    tap.equal({name: value for name, (value, _) in told.items()}, shown, 'netlink')
    tap.equal(list(told), list(shown), 'their order')
    tap.equal([name for name, (_, words) in told.items() if not words], [], 'without a text')
    lines = ipvsadm('--exact').splitlines()
    tap.equal(lines, ['%s %d' % pair for pair in shown.items()], 'ipvsadm --exact')
    rows = [line.split(None, 2) for line in ipvsadm().splitlines()[1:]]
    tap.equal(rows, [[str(value), name, words] for name, (value, words) in told.items() if value],
              'ipvsadm')


@tap.test
def malformed():
    weir = Weir()
    for what, error, answer in (
            ('as asked for', 0, weir.dump(1)),
            ('another version', 0, weir.dump(1, version=7)),
            ('not a dump', 'EOPNOTSUPP', weir.request(weir.family, 1)),
            ('no such command', 'EOPNOTSUPP', weir.dump(99)),
            ('command 0', 'EOPNOTSUPP', weir.dump(0)),
            ('an unknown attribute', 'EINVAL', weir.dump(1, attr(77, b'abcd'))),
            ('one of an answer', 'EINVAL', weir.dump(1, nest(1, [text(1, 'x')]))),
            ('attribute 0', 'EINVAL', weir.dump(1, attr(0, b''))),
            ('an attribute longer than the message', 'EINVAL',
             weir.dump(1, struct.pack('HH', 400, 77))),
            ('an attribute shorter than its header', 'EINVAL',
             weir.dump(1, struct.pack('HH', 3, 1))),
            ('bytes behind the last attribute', 'EINVAL', weir.dump(1, b'\1\2\3')),
            ('a reserved field that is set', 'EINVAL', weir.dump(1, reserved=5))):
        tap.equal(answer.error, error, what)
    child = os.fork()
    if not child:
        unprivileged()
        os._exit(weir.dump(1).error != 'EPERM')
    tap.equal(os.waitpid(child, 0)[1], 0, 'an unprivileged process is refused')


@tap.test
def root_of_a_user_namespace():
    tap.in_user_namespace('refused')


@tap.step
def refused():
    tap.equal(Weir(None).dump(1).error, 'EPERM', 'dump')
    tap.equal([pair for pair in text_counters(None).items() if pair[1]], [],
              'counted in a new namespace')


tap.main(weir_only='the in-tree ip_vs has no family of this name')
