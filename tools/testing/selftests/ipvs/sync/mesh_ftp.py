#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""FTP sessions that outlive their director."""

import ftplib
import io

from ipvstest import mesh, tap
from ipvstest.mesh import IN_SYNC, Mesh
from ipvstest.mesh_lab import key_set
from ipvstest.namespaces import command_in, namespace
from ipvstest.standby import give_back, neighbours, table, take_over
from ipvstest.wire import Addresses, wait_until

ADDRESS = {'director': '198.18.0.1', 'standby': '198.18.0.2'}


class Session:
    """A control connection; each transfer makes the director edit a reply."""

    def __init__(self, family):
        with namespace('client'):
            self.ftp = ftplib.FTP(timeout=10)
            self.ftp.connect(Addresses(family).vip, 21)
            self.ftp.login()
        self.cport = self.ftp.sock.getsockname()[1]

    def fetch(self):
        got = io.BytesIO()
        with namespace('client'):
            self.ftp.retrbinary('RETR pub/file', got.write)
        return got.getvalue()

    def works(self, content, when):
        try:
            tap.equal(self.ftp.voidcmd('NOOP')[:3], '200', when + ': answer')
            tap.check(self.fetch() == content, when + ': the file is another one')
        except (OSError, EOFError, ftplib.Error) as error:
            tap.fail('%s: %r' % (when, error))


def known(session, ns):
    return wait_until(lambda: any(key[1:] == (session.cport, 21) and row[3] == 'ESTABLISHED'
                                  for key, row in table(ns).items()), 10)


@tap.step
def passive(family, path):
    with open(path, 'rb') as file:
        content = file.read()
    saved, daemons = neighbours(), {ns: Mesh(ns) for ns in ADDRESS}
    tap.defer(*command_in('director', 'ipvsadm', '--stop-daemon', 'mesh'))
    daemons['director'].must_start([ADDRESS['standby']], keys=key_set(1))
    before = Session(family)
    before.works(content, 'at first')
    daemons['standby'].must_start([ADDRESS['director']], keys=key_set(1))
    for ns, daemon in daemons.items():
        tap.equal(daemon.until(IN_SYNC, seconds=15), IN_SYNC, 'state of the ' + ns)
    sessions = {'from before': before, 'under the mesh': Session(family)}
    for name, session in sessions.items():
        for turn in range(4):
            session.works(content, '%s, transfer %d' % (name, turn))
        tap.check(known(session, 'standby'), name + ': unknown to the standby')
    marker = mesh.ipvsadm('--wait-sync', '5', ns='standby')
    tap.equal(marker.returncode, 0, '--wait-sync of the standby')
    take_over('standby', 'director')
    try:
        for name, session in sessions.items():
            for turn in range(2):
                session.works(content, '%s, at the standby, transfer %d' % (name, turn))
    finally:
        give_back(saved)
    for name, session in sessions.items():
        session.works(content, name + ', back at the director')
        session.ftp.close()
    for daemon in daemons.values():
        daemon.stop()


tap.main()
