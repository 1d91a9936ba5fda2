# SPDX-License-Identifier: GPL-2.0
"""A model of the control plane of the kernel's ip_vs: the errno of a command, and the resulting
configuration.

Commands are plain dictionaries. A few details depend on the interface (netlink or socket option),
which the caller names.
"""

import ipaddress

from .genl import MASQ, LOCAL, TUNNEL, DIRECT

PERSISTENT, HASHED, ONE_PACKET = 1, 2, 4
GUE = 1
INT_MAX, ON = 0x7fffffff, 0xffffffff
SCHEDULERS = ('rr', 'wrr', 'lc', 'wlc', 'sed', 'nq', 'sh', 'dh', 'none')
METHOD_NAMES = {MASQ: 'Masq', LOCAL: 'Local', TUNNEL: 'Tunnel', DIRECT: 'Route'}
PROTO_NAMES = {6: 'TCP', 17: 'UDP', 132: 'SCTP'}


def shown(address):
    ip = ipaddress.ip_address(address)
    return '[%s]' % ip.exploded if ip.version == 6 else '%08X' % int(ip)


def may_be_server(address):
    ip = ipaddress.ip_address(address)
    if ip.version == 6:
        return ip.is_loopback or not (ip.is_multicast or ip.is_link_local)
    return not (ip.is_multicast or ip.is_unspecified or int(ip) == ON)


class Service:
    def __init__(self, key, proto, conf):
        self.key, self.proto, self.dests = key, proto, []
        self.flags = 0
        self.set(conf)

    def set(self, conf):
        flags, mask = conf['flags'], conf['mask']
        self.flags = (self.flags & ~mask) | (flags & mask) | HASHED
        self.sched, self.timeout = conf['sched'], conf['timeout']
        self.netmask = conf['netmask']

    def text(self, hz):
        family, mark, proto, address, port = self.key
        ops = 'ops ' if self.flags & ONE_PACKET else ''
        if mark:
            line = 'FWM  %08X %s %s' % (mark, self.sched, ops)
        elif family == 6:
            line = '%s  %s:%04X %s ' % (PROTO_NAMES[proto], shown(address), port, self.sched)
        else:
            line = '%s  %s:%04X %s %s ' % (PROTO_NAMES[proto], shown(address), port, self.sched,
                                           ops)
        if self.flags & PERSISTENT:
            mask = self.netmask
            if family == 6:     # a prefix length, printed like a mask
                mask = int.from_bytes(mask.to_bytes(4, 'little'), 'big')
            line += 'persistent %d %08X' % (self.timeout * hz, mask)
        return [line] + ['  -> %s:%04X      %-7s %-6d %-10d %-10d' % (
            shown(d['address']), d['port'], METHOD_NAMES[d['method']], d['weight'], 0, 0)
            for d in self.dests]


def check_service(key, conf):
    if conf['sched'] not in SCHEDULERS:
        return 'ENOENT'
    if key[0] == 6 and not 1 <= conf['netmask'] <= 128:
        return 'EINVAL'
    return 0


class Model:
    def __init__(self, hz):
        self.hz, self.services = hz, {}
        self.timeouts = [900, 120, 300]

    def add_service(self, key, conf, proto=6):
        if key in self.services:
            return 'EEXIST'
        error = check_service(key, conf)
        if not error:
            self.services[key] = Service(key, key[2] or proto, conf)
        return error

    def edit_service(self, key, conf):
        if key not in self.services:
            return 'ESRCH'
        error = check_service(key, conf)
        if not error:
            self.services[key].set(conf)
        return error

    def del_service(self, key):
        return 0 if self.services.pop(key, None) else 'ESRCH'

    def zero(self, key):
        return 0 if key is None or key in self.services else 'ESRCH'

    def flush(self):
        self.services.clear()
        return 0

    def find(self, service, dest):
        for d in service.dests:
            if (d['address'], d['port']) == (dest['address'], dest['port']):
                return d
        return None

    def check_dest(self, key, dest):
        if key not in self.services:
            return 'ESRCH'
        if dest['family'] != key[0] and dest['method'] != TUNNEL:
            return 'EINVAL'
        if dest['weight'] < 0 or dest['lower'] > dest['upper']:
            return 'ERANGE'
        if dest['upper'] > INT_MAX or (dest['tun_type'] == GUE and not dest['tun_port']):
            return 'EINVAL'
        return 0

    def add_dest(self, key, dest):
        error = self.check_dest(key, dest)
        if error:
            return error
        if self.find(self.services[key], dest):
            return 'EEXIST'
        if not may_be_server(dest['address']):
            return 'EINVAL'
        self.services[key].dests.insert(0, dict(dest))
        return 0

    def edit_dest(self, key, dest):
        error = self.check_dest(key, dest)
        if error:
            return error
        old = self.find(self.services[key], dest)
        if not old:
            return 'ENOENT'
        old.update(dest)
        return 0

    def del_dest(self, key, dest):
        if key not in self.services:
            return 'ESRCH'
        old = self.find(self.services[key], dest)
        if not old:
            return 'ENOENT'
        self.services[key].dests.remove(old)
        return 0

    def set_timeouts(self, values):
        if any(not 0 <= value <= INT_MAX // self.hz for value in values):
            return 'EINVAL'
        self.timeouts = [new or old for new, old in zip(values, self.timeouts)]
        return 0

    def text(self):
        return sorted(service.text(self.hz) for service in self.services.values())
