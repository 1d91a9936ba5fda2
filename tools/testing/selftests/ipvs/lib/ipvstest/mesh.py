# SPDX-License-Identifier: GPL-2.0
"""The mesh daemon of a director, by the netlink family "weir" and by ipvsadm."""

import os
import subprocess

from . import pkt
from .genl import F_ACK, attr, attrs_of, nest, number, text, u8, u16
from .meshpeer import KEYS
from .namespaces import command_in
from .weir import Weir
from .wire import wait_until

START, STOP, SET_KEYS, GET = 2, 3, 4, 5
TOP_MESH = 2
(IFNAME, SYNCID, MAXLEN, PORT, TTL, GROUP, PEER, KEY, STATE, CONNS, KEY_ID) = range(1, 12)
PEER_ADDR = 1
KEY_ID_OF, KEY_SECRET = 1, 2
STARTING, ALONE, RESYNC, BEHIND, IN_SYNC, INCOMPLETE = range(6)
STATES = ('STARTING', 'ALONE', 'RESYNC', 'BEHIND', 'IN_SYNC', 'INCOMPLETE')
MAX_PEERS, MAX_KEYS = 16, 4
NUMBERS = {SYNCID: 'syncid', MAXLEN: 'maxlen', PORT: 'port', TTL: 'ttl', STATE: 'state',
           CONNS: 'conns', KEY_ID: 'key_id'}
OF_PEER = {2: 'state', 3: 'heard', 4: 'conns', 5: 'lag', 6: 'resent', 7: 'lost', 8: 'got',
           9: 'given', 10: 'resyncs', 11: 'in_sync'}


def key_attr(key_id, secret):
    return nest(KEY, [u8(KEY_ID_OF, key_id), attr(KEY_SECRET, secret)])


def peer_attr(address):
    return nest(PEER, [attr(PEER_ADDR, pkt.packed(address))])


def mesh_attrs(peers=(), keys=None, interface=None, syncid=None, maxlen=None, port=None, ttl=None,
               group=None):
    """The attributes inside MESH; what is None is left out. `keys` is {id: secret} or pairs."""
    keys = {1: KEYS[1]} if keys is None else keys
    attrs = [make(kind, value) for value, make, kind in (
        (interface, text, IFNAME), (syncid, u8, SYNCID), (maxlen, u16, MAXLEN), (port, u16, PORT),
        (ttl, u8, TTL)) if value is not None]
    if group is not None:
        attrs.append(attr(GROUP, pkt.packed(group)))
    attrs += [peer_attr(address) for address in peers]
    return attrs + [key_attr(*key) for key in (keys.items() if isinstance(keys, dict) else keys)]


class PeerState:
    """What a director knows of a peer: address and OF_PEER."""

    def __init__(self, attrs):
        fields = dict(attrs_of(attrs))
        self.address = pkt.shown(fields[PEER_ADDR])
        for kind, name in OF_PEER.items():
            setattr(self, name, number(fields[kind]) if kind in fields else None)

    def __repr__(self):
        return '%s %s' % (self.address, {n: getattr(self, n) for n in OF_PEER.values()})


class MeshState:
    """A reply to GET: parameters, state, peers."""

    def __init__(self, attrs):
        self.group = self.interface = None
        self.peers = []
        for name in NUMBERS.values():
            setattr(self, name, None)
        self.kinds = [kind for kind, _ in attrs]
        for kind, value in attrs:
            if kind in NUMBERS:
                setattr(self, NUMBERS[kind], number(value))
            elif kind == IFNAME:
                self.interface = value.rstrip(b'\0').decode()
            elif kind == GROUP:
                self.group = pkt.shown(value)
            elif kind == PEER:
                self.peers.append(PeerState(value))

    def peer(self, address):
        return next((p for p in self.peers if p.address == address), None)

    def __repr__(self):
        return '%s: %r' % (STATES[self.state] if self.state in range(len(STATES)) else self.state, self.peers)


class Mesh(Weir):
    """Failures return the name of the errno, success 0."""

    def call(self, cmd, *attrs):
        return self.request(self.family, cmd, attrs, F_ACK)

    def start_raw(self, attrs):
        return self.call(START, nest(TOP_MESH, attrs)).error

    def start(self, peers=(), **options):
        return self.start_raw(mesh_attrs(peers, **options))

    def must_start(self, peers=(), **options):
        answer = self.call(START, nest(TOP_MESH, mesh_attrs(peers, **options)))
        if answer.error:
            raise OSError('the mesh does not start: %s %s' % (answer.error, answer.text))

    def stop(self):
        return self.call(STOP).error

    def set_keys(self, keys):
        return self.call(SET_KEYS, nest(TOP_MESH, mesh_attrs(keys=keys))).error

    def get_error(self):
        return self.call(GET).error

    def get(self):
        """The state, or None if no daemon runs."""
        answer = self.call(GET)
        if answer.error == 'ESRCH':
            return None
        if answer.error:
            raise OSError('GET_MESH: %s' % answer.error)
        return MeshState(attrs_of(dict(answer.messages[0][1])[TOP_MESH]))

    @property
    def state(self):
        got = self.get()
        return None if got is None else got.state

    def until(self, state, wait=wait_until, seconds=10):
        """Waits for a state by `wait` (that of a peer, if one has to work meanwhile); a daemon that
        is RESYNC or BEHIND may pass on at once. Returns the last state."""
        wait(lambda: self.state == state, seconds)
        return self.state


def ipvsadm(*args, ns='director'):
    return subprocess.run(command_in(ns, 'ipvsadm', *args), capture_output=True, text=True,
                          check=False)


def key_file(path, keys):
    """A file for --sync-key and --set-sync-keys. The form of a line is that of ipvsadm(8)."""
    lines = ['%d %s' % (key_id, secret.hex()) for key_id, secret in keys]
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 'w') as file:
        file.write('\n'.join(lines) + '\n')
    return path

