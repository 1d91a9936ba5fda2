#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The control plane against a model of it (ipvstest/config_model.py): random commands, valid and
invalid, by netlink, socket options and occasionally ipvsadm. After each, errno and /proc/net/ip_vs
must equal the model's. SEED= repeats a run, COMMANDS= makes it longer. Only the director is used.
"""

import os
import random
import re
import socket
import struct
import subprocess

from ipvstest import genl, sockctl, tap
from ipvstest.config_model import ON, Model
from ipvstest.conns import ProcFile
from ipvstest.genl import Ipvs, TOP_DEST, TOP_SERVICE, attr, be16, be32, nest, text, u8, u16, u32
from ipvstest.pkt import endpoint

VIPS = {4: ('203.0.113.10', '203.0.113.11'), 6: ('2001:db8:f::10', '2001:db8:f::11')}
RIPS = {4: ('198.51.100.11', '198.51.100.12', '127.0.0.1', '224.0.0.5', '0.0.0.0'),
        6: ('2001:db8:b::11', '2001:db8:b::12', '::1', 'ff02::5', 'fe80::99')}
SCHEDS = ('rr', 'wrr', 'lc', 'wlc', 'sed', 'nq', 'sh', 'dh', 'none', 'nonsense')
METHOD_OPTIONS = {genl.MASQ: '-m', genl.TUNNEL: '-i', genl.DIRECT: '-g'}


class Random(random.Random):
    """Values from small pools, so that commands refer to the same objects; occasionally unusual
    ones."""

    def key(self, family=None):
        family = family or self.choice((4, 4, 6))
        if self.random() < 0.2:
            return family, self.choice((1, 2, ON)), 0, '', 0
        return (family, 0, self.choice((6, 6, 17, 132)), self.choice(VIPS[family]),
                self.choice((80, 80, 81, 0)))

    def known_key(self, model, family=None):
        """Mostly an existing key."""
        keys = [k for k in model.services if family in (None, k[0])]
        return self.choice(keys) if keys and self.random() < 0.8 else self.key(family)

    def conf(self, family):
        netmask = self.choice((ON, 0xffffff00)) if family == 4 else self.choice((128, 64, 64, 0, 129))
        return dict(sched=self.choice(SCHEDS), flags=self.choice((0, 0, 1, 1, 4, 5, 8, 0x18)),
                    mask=self.choice((ON, ON, 1, 0)), timeout=self.choice((0, 1, 300, 86400)),
                    netmask=netmask)

    def dest(self, family):
        family = family if self.random() < 0.9 else 10 - family
        upper = self.choice((0, 0, 0, 100, 0x7fffffff, 0x80000000))
        return dict(family=family, address=self.choice(RIPS[family]), port=self.choice((0, 80, 8080)),
                    method=self.choice((0, 0, 1, 2, 3)), weight=self.choice((0, 1, 1, 5, 65536, -1)),
                    upper=upper, lower=self.choice((0, 0, 0, 50, 101)),
                    tun_type=self.choice((0, 0, 0, 1, 2)), tun_port=self.choice((0, 6080)))


# Commands by netlink.

def id_attrs(key):
    family, mark, proto, address, port = key
    if mark:
        return [u16(genl.SVC_AF, genl.AF[family]), u32(genl.SVC_FWMARK, mark)]
    return genl.service_id(address, port, proto)


def conf_attrs(key, conf):
    mask = u32 if key[0] == 6 else be32
    return id_attrs(key) + [
        text(genl.SVC_SCHED, conf['sched']),
        attr(genl.SVC_FLAGS, struct.pack('II', conf['flags'], conf['mask'])),
        u32(genl.SVC_TIMEOUT, conf['timeout']), mask(genl.SVC_NETMASK, conf['netmask'])]


def dest_attrs(d):
    return [attr(genl.DST_ADDR, genl.packed16(d['address'])), be16(genl.DST_PORT, d['port']),
            u32(genl.DST_METHOD, d['method']), u32(genl.DST_WEIGHT, d['weight']),
            u32(genl.DST_UPPER, d['upper']), u32(genl.DST_LOWER, d['lower']),
            u16(genl.DST_AF, genl.AF[d['family']]), u8(genl.DST_TUN_TYPE, d['tun_type']),
            be16(genl.DST_TUN_PORT, d['tun_port'])]


class Netlink:
    def __init__(self):
        self.ipvs = Ipvs()

    def one(self, r, model):
        roll = r.random()
        if roll < 0.02:
            return 'FLUSH', model.flush(), self.ipvs.call('FLUSH').error
        if roll < 0.05:
            values = [r.choice((0, 0, 1, 900, 2000000, -1)) for _ in range(3)]
            return ('SET_CONFIG %s' % values, model.set_timeouts(values), self.ipvs.call(
                'SET_CONFIG', *[u32(4 + i, v) for i, v in enumerate(values)]).error)
        if roll < 0.4:
            return self.service(r, model)
        return self.dest(r, model)

    def service(self, r, model):
        command = r.choice(('NEW_SERVICE', 'NEW_SERVICE', 'NEW_SERVICE', 'SET_SERVICE',
                            'DEL_SERVICE', 'ZERO', 'GET_SERVICE'))
        key = r.key() if command == 'NEW_SERVICE' else r.known_key(model)
        conf = r.conf(key[0])
        full = command in ('NEW_SERVICE', 'SET_SERVICE')
        attrs = conf_attrs(key, conf) if full else id_attrs(key)
        if r.random() < 0.03:       # without the address family
            wanted, attrs = 'EINVAL', attrs[1:]
        elif full:
            method = model.add_service if command == 'NEW_SERVICE' else model.edit_service
            wanted = method(key, conf)
        else:
            wanted = model.del_service(key) if command == 'DEL_SERVICE' else model.zero(key)
        return ('%s %s %s' % (command, key, conf), wanted,
                self.ipvs.call(command, nest(TOP_SERVICE, attrs)).error)

    def dest(self, r, model):
        command = r.choice(('NEW_DEST', 'NEW_DEST', 'NEW_DEST', 'SET_DEST', 'SET_DEST', 'DEL_DEST'))
        key = r.known_key(model)
        dest = r.dest(key[0])
        method = dict(NEW_DEST=model.add_dest, SET_DEST=model.edit_dest, DEL_DEST=model.del_dest)
        return ('%s %s %s' % (command, key, dest), method[command](key, dest), self.ipvs.call(
            command, nest(TOP_SERVICE, id_attrs(key)), nest(TOP_DEST, dest_attrs(dest))).error)


# Commands by socket options.

class Options:
    def __init__(self):
        self.opts = sockctl.Sockopts()

    def one(self, r, model):
        key = r.known_key(model, 4)
        _, mark, proto, address, port = key
        proto = r.choice((6, 17)) if mark else proto
        if r.random() < 0.05:
            proto = r.choice((0, 1, 51))
        conf, dest = dict(r.conf(4), mask=ON), r.dest(4)
        dest.update(tun_type=0, tun_port=0, family=4)
        dest['address'] = dest['address'] if ':' not in dest['address'] else RIPS[4][0]
        command = r.choice(('ADD', 'EDIT', 'DEL', 'ZERO', 'ADDDEST', 'ADDDEST', 'EDITDEST', 'DELDEST'))
        data = sockctl.service(address or '0.0.0.0', port, proto, mark, conf['sched'].encode(),
                               conf['flags'], conf['timeout'], socket.htonl(conf['netmask']))
        if 'DEST' in command:
            data += sockctl.dest(dest['address'], dest['port'], dest['method'], dest['weight'],
                                 dest['upper'], dest['lower'])
        return ('sockopt %s %s protocol %d %s %s' % (command, key, proto, conf, dest),
                self.wanted(model, command, key, proto, conf, dest), self.opts.set(command, data))

    @staticmethod
    def wanted(model, command, key, proto, conf, dest):
        if proto not in (6, 17, 132):
            return 'EFAULT'
        if command == 'ADD':
            return model.add_service(key, conf, proto)
        if key not in model.services or model.services[key].proto != proto:
            return 'ESRCH'
        return dict(EDIT=lambda: model.edit_service(key, conf), DEL=lambda: model.del_service(key),
                    ZERO=lambda: 0, ADDDEST=lambda: model.add_dest(key, dest),
                    EDITDEST=lambda: model.edit_dest(key, dest),
                    DELDEST=lambda: model.del_dest(key, dest))[command]()


# Commands by ipvsadm, which has no errnos, only a status.

def service_args(key):
    family, mark, proto, address, port = key
    if mark:
        return ['-f', str(mark)] + (['-6'] if family == 6 else [])
    return [{6: '-t', 17: '-u', 132: '--sctp-service'}[proto], endpoint(address, port)]


def by_tool(r, model):
    key = r.known_key(model)
    sched = r.choice(SCHEDS[:8])
    conf = dict(sched=sched, flags=r.choice((0, 1)), mask=ON, timeout=0,
                netmask=ON if key[0] == 4 else 128)
    if not key[1] and not key[4]:   # ipvsadm requires persistence with port 0
        conf['flags'] = 1
    if conf['flags']:
        conf['timeout'] = 77
    dest = dict(r.dest(key[0]), method=r.choice((0, 2, 3)), upper=0, lower=0, tun_type=0, tun_port=0,
                weight=r.choice((0, 7)))
    if dest['method'] or key[1]:
        dest['port'] = key[4]
    args = {'-A': ['-s', sched] + (['-p', '77'] if conf['flags'] else []), '-D': [],
            '-a': ['-r', endpoint(dest['address'], dest['port']), METHOD_OPTIONS[dest['method']], '-w',
                   str(dest['weight'])], '-d': ['-r', endpoint(dest['address'], dest['port'])]}
    args['-E'], args['-e'] = args['-A'], args['-a']
    option = r.choice(sorted(args))
    wanted = {'-A': lambda: model.add_service(key, conf), '-E': lambda: model.edit_service(key, conf),
              '-D': lambda: model.del_service(key), '-a': lambda: model.add_dest(key, dest),
              '-e': lambda: model.edit_dest(key, dest),
              '-d': lambda: model.del_dest(key, dest)}[option]()
    argv = ['ipvsadm', option] + service_args(key) + args[option]
    done = subprocess.run(['nsenter', '--net=/run/netns/director'] + argv, capture_output=True,
                          check=False)
    return ' '.join(argv), 'refused' if wanted else 0, 'refused' if done.returncode else 0


# The resulting configuration.

def blocks(proc):
    found = []
    for line in proc.text().splitlines()[3:]:
        line = line.rstrip() if not line.startswith('  ->') else line
        if line.startswith('  ->'):
            found[-1].append(line)
        else:
            found.append([line])
    return sorted(found)


def trimmed(services):
    return sorted([block[0].rstrip()] + block[1:] for block in services)


def deep(ipvs, model):
    """Compares everything that /proc does not show."""
    tap.equal(len(ipvs.must('GET_SERVICE', dump=True).messages), len(model.services), 'services')
    for key, service in model.services.items():
        got = dict(genl.attrs_of(dict(ipvs.must('GET_SERVICE', nest(
            TOP_SERVICE, id_attrs(key))).messages[0][1])[TOP_SERVICE]))
        tap.equal((struct.unpack('I', got[genl.SVC_FLAGS][:4])[0],
                   genl.number(got[genl.SVC_TIMEOUT])), (service.flags, service.timeout),
                  'flags and timeout of %s' % (key,))
        answer = ipvs.must('GET_DEST', nest(TOP_SERVICE, id_attrs(key)), dump=True)
        tap.equal([dest_fields(attrs) for _, attrs in answer.messages],
                  [tuple(d[n] for n in ('address', 'port', 'method', 'weight', 'upper', 'lower',
                                        'tun_type', 'tun_port')) for d in service.dests],
                  'destinations of %s' % (key,))
    config = dict(ipvs.must('GET_CONFIG').messages[0][1])
    tap.equal([genl.number(config[n]) for n in (4, 5, 6)], model.timeouts, 'timeouts')


def dest_fields(attrs):
    f = dict(genl.attrs_of(dict(attrs)[TOP_DEST]))
    six = genl.number(f[genl.DST_AF]) == socket.AF_INET6
    address = socket.inet_ntop(socket.AF_INET6 if six else socket.AF_INET,
                               f[genl.DST_ADDR][:16 if six else 4])
    return (address, struct.unpack('!H', f[genl.DST_PORT])[0]) + tuple(
        genl.number(f[n]) for n in (genl.DST_METHOD, genl.DST_WEIGHT, genl.DST_UPPER, genl.DST_LOWER,
                                    genl.DST_TUN_TYPE)) + (struct.unpack('!H', f[genl.DST_TUN_PORT])[0],)


def jiffies_per_second(ipvs, proc):
    ipvs.flush()
    ipvs.add_service(VIPS[4][0], 80, 6, 'rr', flags=1, timeout=100)
    hz = int(re.search(r'persistent (\d+)', proc.text()).group(1)) // 100
    ipvs.flush()
    return hz


@tap.test
def random_commands():
    seed = int(os.environ.get('SEED') or random.randrange(1 << 15))
    count = int(os.environ.get('COMMANDS') or 1000)
    tap.note('SEED=%d COMMANDS=%d' % (seed, count))
    r = Random(seed)
    netlink, options, proc = Netlink(), Options(), ProcFile('ip_vs')
    model = Model(jiffies_per_second(netlink.ipvs, proc))
    netlink.ipvs.must('SET_CONFIG', u32(4, 900), u32(5, 120), u32(6, 300))
    outcomes = {}
    for n in range(count):
        roll = r.random()
        way = by_tool if roll < 0.03 else options.one if roll < 0.3 else netlink.one
        what, wanted, got = way(r, model)
        outcomes[got] = outcomes.get(got, 0) + 1
        ok = tap.equal(got, wanted, 'command %d: %s' % (n, what))
        ok = tap.equal(blocks(proc), trimmed(model.text()), 'ip_vs after command %d: %s' % (
            n, what)) and ok
        if not ok:
            break
        if n % 100 == 99:
            deep(netlink.ipvs, model)
    deep(netlink.ipvs, model)
    tap.note('answers: %s' % ', '.join('%s %d' % (k or 'ok', v) for k, v in sorted(
        outcomes.items(), key=str)))
    netlink.ipvs.must('SET_CONFIG', u32(4, 900), u32(5, 120), u32(6, 300))
    netlink.ipvs.flush()


tap.main()
