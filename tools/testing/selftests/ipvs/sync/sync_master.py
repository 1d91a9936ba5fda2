#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What a master daemon tells about which packets."""

from ipvstest import syncd, syncwire, tap
from ipvstest.conns import ConnTable
from ipvstest.genl import TOP_SERVICE, nest
from ipvstest.pkt import SCTP, TCP, UDP
from ipvstest.settings import Knobs
from ipvstest.sync_lab import (MARK, METHODS, ONE_PACKET, OPENING, PERSISTENT, Service, invite,
                               lab_of, log)
from ipvstest.syncd import BACKUP
from ipvstest.wire import wait_until


def tcp(lab):
    for method, opening in OPENING.items():
        service = Service(lab, method)
        close = ('>fin', '<fin', '>ack', '>ack') if method == 'nat' else ('>fin', '>ack', '>fin')
        count = '>data*110' if method == 'nat' else '>data*3'
        lab.history('tcp %s, a long connection' % method, service, opening + (count,) + close)
        lab.history('tcp %s, a short one' % method, service, opening + close + ('>syn',))
        lab.history('tcp %s, reset' % method, service, opening + ('>data', '>rst', '>rst', '>syn'))
        lab.history('tcp %s, not answered' % method, service, ('>syn*5', '>rst'))
    service = Service(lab)
    lab.history('tcp, the server closes first', service,
                OPENING['nat'] + ('<data*3', '<fin', '>ack', '>fin', '<ack', '>ack'))
    lab.history('tcp, the server resets', service, OPENING['nat'] + ('<rst', '>ack'))


def udp(lab):
    for method in METHODS:
        lab.history('udp ' + method, Service(lab, method, UDP),
                    ('>data*54' if method == 'nat' else '>data*4',))
    lab.history('udp, answered', Service(lab, 'nat', UDP), ('>data', '<data*5', '>data*3'))


def sctp(lab):
    for method in ('nat', 'dr'):
        service = Service(lab, method, SCTP)
        opening = ('>init', '<initack', '>echo', '<cookieack') if method == 'nat' else \
            ('>init', '>echo')
        closing = ('>shutdown', '<shutdownack', '>complete') if method == 'nat' else \
            ('>shutdown', '>complete')
        lab.history('sctp %s, a long association' % method, service,
                    opening + ('>data*3',) + closing)
        lab.history('sctp %s, aborted' % method, service, opening + ('>data', '>abort'))


def persistent(lab):
    service = Service(lab, flags=PERSISTENT, timeout=77)
    lab.history('persistent', service, OPENING['nat'] + ('>data*4', '>fin', '<fin', '>ack'))
    lab.history('persistent, the second connection', service, OPENING['nat'] + ('>fin',))
    lab.history('persistent by network', Service(lab, 'dr', flags=PERSISTENT, timeout=78,
                                                 netmask=64 if lab.at.family == 6 else 0xffffff00),
                OPENING['dr'] + ('>data*3', '>fin'))
    lab.history('persistent udp', Service(lab, 'tun', UDP, PERSISTENT, 79), ('>data*4',))


def marked(lab):
    for flags, what in ((0, 'mark'), (PERSISTENT, 'persistent mark')):
        service = Service(lab, 'dr', flags=flags, timeout=80 * flags, mark=MARK)
        lab.history(what, service, OPENING['dr'] + ('>data*3', '>fin'))
        lab.ipvs.must('DEL_SERVICE', nest(TOP_SERVICE, service.key))


def one_packet(lab):
    lab.history('one packet', Service(lab, 'nat', UDP, ONE_PACKET), ('>data*5',))
    lab.history('one packet, persistent',
                Service(lab, 'nat', UDP, ONE_PACKET | PERSISTENT, 81), ('>data*5',))


def sip(lab):
    service = Service(lab, 'nat', UDP, PERSISTENT, 82, 'sip')
    lab.history('sip', service, ('>data*4',), payloads={'>data': invite(b'one@here')})
    lab.history('sip, an odd length', service, ('>data*4',), payloads={'>data': invite(b'another')})


@tap.step
def packets(family):
    """Each kind of service, with the default settings."""
    with lab_of(family, 2000) as lab:
        for case in (tcp, udp, sctp, persistent, marked, one_packet, sip):
            case(lab)
    tap.golden('sync_master.txt', log)


def thresholds(lab, knobs):
    for pair in ('1 10', '0 10', '9 10', '0 1', '2 0', '0 0'):
        knobs.set(sync_threshold=pair)
        lab.history('sync_threshold ' + pair, Service(lab, 'dr'), ('>syn', '>ack', '>data*20'))
    service = Service(lab, 'nat', UDP, PERSISTENT, 83)
    for pair in ('2 0', '0 0'):
        knobs.set(sync_threshold=pair)
        lab.history('sync_threshold %s, persistent' % pair, service, ('>data*10',))
    knobs.set(sync_threshold='3 50')


def refresh(lab, knobs):
    """Within the refresh period nothing is repeated, but a change of state is told."""
    knobs.set(sync_refresh_period=80000)
    for pair in ('3 50', '0 1', '0 0'):
        knobs.set(sync_threshold=pair)
        lab.history('sync_refresh_period 80000, sync_threshold ' + pair, Service(lab, 'dr'),
                    ('>syn', '>ack', '>data*12', '>fin*2'))
    service = Service(lab, 'nat', UDP, PERSISTENT, 84)
    lab.history('sync_refresh_period 80000, persistent', service, ('>data*6',))
    knobs.set(sync_refresh_period=0, sync_threshold='3 50')


def persist_mode(lab, knobs):
    """Only templates; connections without one are told as without the setting."""
    knobs.set(sync_persist_mode=1)
    service = Service(lab, flags=PERSISTENT, timeout=85)
    lab.history('sync_persist_mode', service, OPENING['nat'] + ('>data*3', '>fin', '<fin', '>ack'))
    lab.history('sync_persist_mode, not persistent', Service(lab), OPENING['nat'] +
                ('>data', '>fin'))
    knobs.set(sync_persist_mode=0)


def tracked(lab, knobs):
    knobs.set(conntrack=1)
    for method, opening in OPENING.items():
        lab.history('conntrack ' + method, Service(lab, method), opening + ('>data*3',))
    lab.history('conntrack, persistent', Service(lab, 'nat', UDP, PERSISTENT, 86), ('>data*3',))
    knobs.set(conntrack=0)


@tap.step
def settings(family):
    with lab_of(family, 2100) as lab, Knobs() as knobs:
        for case in (thresholds, refresh, persist_mode, tracked):
            case(lab, knobs)
    tap.golden('sync_settings.txt', log)


@tap.step
def version0():
    """Version 0 has no timeouts, marks and options, and nothing about IPv6."""
    with lab_of(4, 2200) as lab, Knobs(sync_version=0) as knobs:
        for method, opening in OPENING.items():
            lab.history('tcp ' + method, Service(lab, method), opening + ('>data*3', '>fin'))
        lab.history('udp', Service(lab, 'nat', UDP), ('>data*4',))
        lab.history('persistent', Service(lab, flags=PERSISTENT, timeout=77),
                    OPENING['nat'] + ('>data*2', '>fin'))
        lab.history('persistent mark', Service(lab, 'dr', flags=PERSISTENT, timeout=80, mark=MARK),
                    OPENING['dr'] + ('>data*3', '>fin'))
        lab.history('one packet, persistent',
                    Service(lab, 'nat', UDP, ONE_PACKET | PERSISTENT, 81), ('>data*5',))
        lab.history('sip', Service(lab, 'nat', UDP, PERSISTENT, 82, 'sip'), ('>data*4',),
                    payloads={'>data': invite(b'one@v0')})
        knobs.set(conntrack=1)
        lab.history('conntrack', Service(lab), OPENING['nat'] + ('>data*3', '>fin'))
    with lab_of(6, 2200) as lab, Knobs(sync_version=0):
        lab.history('IPv6', Service(lab), OPENING['nat'] + ('>data*3', '>fin'))
        lab.history('IPv6, persistent', Service(lab, flags=PERSISTENT, timeout=77),
                    OPENING['nat'] + ('>data*2', '>fin'))
    tap.golden('sync_version0.txt', log)


class Control:
    """An FTP control connection, with sequence numbers that conntrack accepts."""

    def __init__(self, lab, service, sport):
        self.lab, self.service, self.sport = lab, service, sport
        self.client, self.server = 5000, 7000

    def say(self, step, payload=b''):
        if step[0] == '>':
            self.service.send(self.sport, step, payload, seq=self.client, ack=self.server)
            self.client += len(payload) + ('syn' in step)
        else:
            got = self.service.send(self.sport, step, payload, seq=self.server, ack=self.client)
            # as the client sees it: the address in a reply has become shorter
            self.server += len(got.payload) + ('syn' in step)


def passive(lab):
    port = 40000
    if lab.at.family == 6:
        return b'EPSV\r\n', b'229 Entering Extended Passive Mode (|||%d|)\r\n' % port, port
    where = lab.at.phantoms[0].replace('.', ',').encode()
    return b'PASV\r\n', b'227 Entering Passive Mode (%s,%d,%d)\r\n' % (
        (where,) + divmod(port, 256)), port


@tap.step
def ftp(family):
    """A control connection, and a passive data connection, whose entry is followed by that of its
    control connection."""
    with lab_of(family, 2300) as lab, Knobs(sync_threshold='1 4'):
        lab.sport += 1
        control = Control(lab, Service(lab, port=21), lab.sport)
        command, answer, port = passive(lab)
        marks = []
        for step, payload, what in (
                ('>syn', b'', ''), ('<synack', b'', ''), ('>ack', b'', ''),
                ('>data', command, ' command'), ('<data', answer, ' answer'), ('>ack', b'', ''),
                ('>data', b'NOOP\r\n', ' another command')):
            control.say(step, payload)
            marks.append((step + what, lab.valve()))
        data = Service.__new__(Service)
        data.lab, data.method, data.proto, data.server = lab, 'nat', TCP, lab.at.phantoms[0]
        data.port = data.dport = port
        client = Control(lab, data, lab.sport + 1)
        for step in ('>syn', '<synack', '>ack', '>ack', '>ack', '>fin'):
            client.say(step)
            marks.append(('data ' + step, lab.valve()))
        lab.log_steps(marks, lab.told())
    tap.golden('sync_ftp.txt', log)


def known(lab, sport):
    return any((c.client, c.cport) == (lab.at.phantom_client, sport) for c in ConnTable().all())


def relay(family, port, cases):
    """A director that is backup and master tells of the connections it was told, and marks them."""
    with lab_of(family, port) as lab, Knobs(sync_threshold='0 1'):
        service = Service(lab)
        lab.daemons.must_start(BACKUP, syncid=9)
        sender = syncd.Sender()
        base = dict(family=family, caddr=lab.at.phantom_client, vaddr=lab.at.vip,
                    daddr=lab.at.phantoms[0], vport=service.port, dport=service.dport, state=1,
                    timeout=500)
        for number, (what, more) in enumerate(cases):
            sport = 3001 + number
            sender.send(syncwire.message([syncwire.Entry(**{**base, **more}, cport=sport).v1()], 9))
            tap.check(wait_until(lambda: known(lab, sport)), '%s: no connection' % what)
            lab.history(what, service, ('>ack', '>fin'), sport)
        sender.close()


@tap.step
def relayed(family):
    relay(family, 2310, (
        ('plain', {}), ('inactive', dict(flags=syncwire.INACTIVE, state=4)),
        ('mark', dict(fwmark=3))))
    tap.golden('sync_relayed.txt', log)


@tap.step
def sequences(family):
    """With the numbers of a SEQ_DATA option."""
    numbers = (syncwire.SEQ_DATA, syncwire.sequence((1, 2, 3, 4, 5, 6)))
    relay(family, 2315, (
        ('flagged', dict(flags=syncwire.IN_SEQ | syncwire.OUT_SEQ, options=[numbers])),
        ('not flagged', dict(options=[numbers])), ('no numbers', dict(flags=syncwire.IN_SEQ))))
    tap.golden('sync_sequences.txt', log)


tap.main()
