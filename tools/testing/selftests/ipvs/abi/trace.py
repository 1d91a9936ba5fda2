#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Trace events that need crafted packets (see trace.sh)."""

import re

from ipvstest import pkt, tap
from ipvstest.pkt import TCP, endpoint, port_unreachable
from ipvstest.rig import Rig
from ipvstest.wire import wait_until

TRACEFS = '/sys/kernel/tracing'


class Trace:
    """with Trace() as trace: the recorded lines of its events, as (event, text)."""

    def __init__(self, *events):
        self.events = events

    def _write(self, name, value):
        with open(TRACEFS + '/' + name, 'w') as file:
            file.write(value)

    def _switch(self, value):
        for event in self.events:
            self._write('events/%s/enable' % event, value)

    def __enter__(self):
        self._write('trace', '')
        self._switch('1')
        return self

    def __exit__(self, *_):
        self._switch('0')

    def lines(self):
        with open(TRACEFS + '/trace') as file:
            return re.findall(r'^.*?: (\w+): (.*)$', file.read(), re.M)

    def has(self, event, *words):
        return any(name == event and all(word in text for word in words)
                   for name, text in self.lines())


@tap.step
def events(family):
    rig = Rig(family, 'nat', vport=8600 + family)
    client, virtual = endpoint(rig.client, 5000), endpoint(rig.at.vip, rig.vport)
    server = endpoint(rig.servers[0], rig.dport)
    with Trace() as trace:
        rig.send(5000, 'syn')
        tap.check(rig.arrived(5000), 'the request did not arrive')
        rig.reply(5000)
        tap.check(rig.answered(5000), 'the answer did not arrive')
        rig.send(5000, 'ack')
        tap.check(rig.arrived(5000), 'the ACK did not arrive')
        rig.ends.server.send(pkt.icmp(
            rig.servers[0], rig.client, *port_unreachable(family),
            payload=rig.segment(rig.client, rig.servers[0], 5000, rig.dport, 'ack')))
        rig.send(5001, 'syn', ttl=1)
        rig.send(5002, 'ack')
        # port reuse ends the connection
        rig.send(5000, 'rst')
        rig.send(5000, 'syn')
        for event, *words in (
                ('weir_conn_new', 'client=' + client, 'virtual=' + virtual, 'server=' + server),
                ('weir_state', 'client=' + client, 'to=ESTABLISHED', 'timeout=900000 ms'),
                ('weir_lookup', 'found=reply', 'in_error=1', 'server=' + server),
                ('weir_drop', 'reason=drop_ttl', 'src=' + endpoint(rig.client, 5001)),
                ('weir_pass', 'reason=pass_not_opening', 'src=' + endpoint(rig.client, 5002)),
                ('weir_conn_end', 'counter=conn_reused', 'client=' + client)):
            tap.check(wait_until(lambda: trace.has(event, *words)),
                      'no %s with %s' % (event, ', '.join(words)))
        if tap.failures:
            for line in trace.lines():
                tap.note('%s: %s' % line)
    rig.close()


@tap.step
def reasons(family):
    rig = Rig(family, 'nat', vport=8610 + family)
    with Trace('skb/kfree_skb') as trace:
        rig.send(5000, 'syn', ttl=1)
        rig.ends.client.send(pkt.ip(rig.client, rig.at.vip, TCP, pkt.tcp_segment(
            rig.client, rig.at.vip, 5001, rig.vport, 'syn')[:12]))
        for reason, ours in (('IP_INHDR', 'drop_ttl'), ('HDR_TRUNC', 'drop_truncated')):
            tap.check(wait_until(lambda: trace.has('kfree_skb', 'reason: ' + reason)),
                      'no kfree_skb of reason %s' % reason)
            tap.check(trace.has('weir_drop', 'reason=' + ours), 'no weir_drop of ' + ours)
        skbs = {name: set(re.findall(r'skbaddr=(\S+)', ' '.join(
            text for event, text in trace.lines() if event == name)))
            for name in ('kfree_skb', 'weir_drop')}
        tap.check(skbs['weir_drop'] <= skbs['kfree_skb'], 'dropped and not freed')
    rig.close()


tap.main()
