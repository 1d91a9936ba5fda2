#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Both ends of FTP sessions, line by line: ftp.py STEP CLIENT VIP SERVER [ANOTHER CLIENT]

The control connection goes from the client to VIP, port 21; the server runs in server1. Data
connections use the negotiated addresses and ports."""

import fcntl
import functools
import os
import socket
import struct
import sys
import termios

from ipvstest import tap
from ipvstest.conns import ConnTable
from ipvstest.namespaces import namespace
from ipvstest.wire import MAC, Tap, wait_until

PORT = 21
CLIENT = os.environ.get('CLIENT_NS', 'client')
SERVER = os.environ.get('SERVER_NS', 'server1')
IPV6_DSTOPTS = 59
PADDING = bytes([0, 0, 1, 4, 0, 0, 0, 0])      # a destination options header of eight bytes


def commas(address, port):
    return '%s,%d,%d' % ((address.replace('.', ','),) + divmod(port, 256))


class At:
    def __init__(self, client, vip, server):
        self.client, self.vip, self.server = client, vip, server
        self.family = socket.AF_INET6 if ':' in vip else socket.AF_INET
        self.number = 2 if ':' in vip else 1


def step(function):
    """Decorator: ftp.py STEP CLIENT VIP SERVER [ANOTHER CLIENT]"""
    @tap.step
    @functools.wraps(function)
    def called(client, vip, server, *more):
        function(At(client, vip, server), *more)
    return called


def socket_in(ns, at, address, port=0):
    with namespace(ns):
        sock = socket.socket(at.family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.settimeout(20)
    sock.bind((address, port))
    return sock


def listen_in(ns, at, address, port=0):
    sock = socket_in(ns, at, address, port)
    sock.listen()
    return sock


class Stream:
    def __init__(self, sock):
        self.sock, self.rest = sock, b''

    def unacknowledged(self):
        return struct.unpack('i', fcntl.ioctl(self.sock, termios.TIOCOUTQ, bytes(4)))[0]

    def say(self, *parts):
        """Sends each part in a separate segment: the other end has to acknowledge it."""
        for part in parts:
            self.sock.sendall(part if isinstance(part, bytes) else part.encode())

    def say_slowly(self, *parts):
        """Sends each part once the one before was acknowledged."""
        for part in parts:
            self.say(part)
            if not wait_until(lambda: not self.unacknowledged(), 20):
                raise OSError('%r is not acknowledged' % part)

    def line(self):
        while b'\n' not in self.rest:
            more = self.sock.recv(65536)
            if not more:
                raise OSError('closed')
            self.rest += more
        line, self.rest = self.rest.split(b'\n', 1)
        return line.rstrip(b'\r').decode('latin-1')


class Session:
    def __init__(self, at, options=b''):
        self.at, self.table = at, ConnTable()
        listener = listen_in(SERVER, at, at.server, PORT)
        client = socket_in(CLIENT, at, at.client)
        if options:
            client.setsockopt(socket.IPPROTO_IPV6, IPV6_DSTOPTS, options)
            listener.setsockopt(socket.IPPROTO_IPV6, IPV6_DSTOPTS, options)
        client.connect((at.vip, PORT))
        self.client, self.server = Stream(client), Stream(listener.accept()[0])
        self.cport = client.getsockname()[1]
        listener.close()

    def close(self):
        self.client.sock.close()
        self.server.sock.close()

    def command(self, *parts):
        """The client sends a command, and the server gets it unchanged."""
        self.client.say(*parts)
        said = ''.join(p if isinstance(p, str) else p.decode('latin-1') for p in parts)
        tap.equal(self.server.line(), said.rstrip('\r\n'), 'the line the server got')

    def answer(self, *parts):
        self.server.say(*parts)
        return self.client.line()

    def answer_slowly(self, *parts):
        self.server.say_slowly(*parts)
        return self.client.line()

    def announced(self):
        return [c for c in self.table.all() if c.state == 'LISTEN' and c.virtual == self.at.vip]

    def connection(self, cport, vport):
        for conn in self.table.all():
            if (conn.cport, conn.vport, conn.virtual) == (cport, vport, self.at.vip):
                return conn
        return None

    def exchange(self, near, far):
        near.sendall(b'down')
        far.sendall(b'up')
        tap.equal((far.recv(9), near.recv(9)), (b'down', b'up'), 'data')
        near.close()
        far.close()

    def passive(self, command='PASV', form='227 Entering Passive Mode (%s).', cut=(), port=0,
                slowly=False):
        """One passive transfer; `cut`: the offsets at which command and reply are segmented."""
        listener = listen_in(SERVER, self.at, self.at.server, port)
        port = listener.getsockname()[1]
        self.command(*split(command + '\r\n', cut[:1]))
        if 'PASV' in command.upper():
            reply = form % commas(self.at.server, port)
        else:
            reply = form % port
        answer = self.answer_slowly if slowly else self.answer
        got = answer(*split(reply + '\r\n', cut[1:]))
        if 'PASV' in command.upper():
            wanted = reply.replace(commas(self.at.server, port), commas(self.at.vip, port))
        else:
            wanted = reply
        tap.equal(got, wanted, 'the line the client got')
        conn = self.connection(0, port)
        if tap.check(conn, 'no connection expected for port %d' % port):
            tap.equal((conn.client, conn.dest, conn.dport, conn.state),
                      (self.at.client, self.at.server, port, 'LISTEN'), 'expected connection')
        near = socket_in(CLIENT, self.at, self.at.client)
        try:
            near.connect((self.at.vip, port))
            far = listener.accept()[0]
        except OSError as why:
            tap.fail('no data connection after %r: %s' % (command, why))
            return
        conn = self.connection(near.getsockname()[1], port)
        tap.check(conn and conn.state in ('SYN_RECV', 'ESTABLISHED'), 'in the table: %s' % conn)
        tap.check(not self.connection(0, port), 'still expected')
        self.exchange(near, far)
        listener.close()

    def active(self, command='PORT', cut=(), port=0):
        listener = listen_in(CLIENT, self.at, self.at.client, port)
        port = listener.getsockname()[1]
        if command == 'PORT':
            where = commas(self.at.client, port)
        else:
            where = '|%d|%s|%d|' % (self.at.number, self.at.client, port)
        self.command(*split(command + ' ' + where + '\r\n', cut))
        tap.equal(self.answer('200 so be it\r\n'), '200 so be it', 'the line the client got')
        conn = self.connection(port, 20)
        if tap.check(conn, 'no connection expected for port %d' % port):
            tap.equal((conn.client, conn.dest, conn.dport, conn.state),
                      (self.at.client, self.at.server, 20, 'LISTEN'), 'expected connection')
        far = socket_in(SERVER, self.at, self.at.server, 20)
        try:
            far.connect((self.at.client, port))
            near, peer = listener.accept()
            tap.equal(peer[:2], (self.at.vip, 20), 'source of the data connection')
        except OSError as why:
            tap.fail('no data connection after %r: %s' % (command, why))
            return
        self.exchange(near, far)
        listener.close()


def split(text, where):
    parts, last = [], 0
    for at in where:
        parts.append(text[last:at])
        last = at
    return parts + [text[last:]]


EPSV = '229 Entering Extended Passive Mode (|||%d|)'


@step
def words(at):
    """All commands, several times in one session, so that earlier edits shift the sequence
    numbers."""
    session = Session(at)
    for _ in range(6):
        if at.number == 1:
            session.passive()
            session.active('PORT')
        session.passive('EPSV', EPSV)
        session.active('EPRT')
    session.close()


@step
def answers(at):
    session = Session(at)
    for _ in range(3):
        if at.number == 1:
            session.passive()
        session.passive('EPSV', EPSV)
    session.close()


@step
def forms(at):
    """Other syntaxes of the same commands and replies."""
    session = Session(at)
    if at.number == 1:
        for form in ('227 Entering Passive Mode (%s)', '227 (%s)', '227 Passive mode, %s', '227 %s ok'):
            session.passive('PASV', form)
        session.passive('pasv')
    for form in (EPSV, '229 (|||%d|)', '229 as (|||%d|) you wish'):
        session.passive('EPSV', form)
    session.passive('epsv', EPSV)
    session.passive('EPSV %d' % at.number, EPSV)
    session.close()


@step
def pieces(at):
    """Commands and replies in several segments."""
    session = Session(at)
    for cut in ((2, 3), (1, 10), (5, 25), (3,), (2, 32), (2, 28, 29, 36)):
        if at.number == 1:
            session.passive('PASV', cut=cut)
        session.passive('EPSV', EPSV, cut)
    for cut in ((2,), (7,), (4, 5, 12), range(1, 20)):
        if at.number == 1:
            session.active('PORT', cut)
        session.active('EPRT', cut)
    session.close()


@step
def digits(at):
    """Replies byte by byte, each acknowledged before the next is sent, although the client gets
    none of the address's before its end."""
    session = Session(at)
    for _ in range(2):
        if at.number == 1:
            session.passive('PASV', cut=range(2, 45), slowly=True)
        session.passive('EPSV', EPSV, cut=range(2, 45), slowly=True)
    session.close()


def long_text(lines):
    return ['211-%06d and so on, and so on' % n for n in range(lines)] + ['211 That was it']


def numbered(session, lines):
    """Sends a long text in each direction and checks that it arrives unchanged."""
    text = long_text(lines)
    for sender, receiver in ((session.server, session.client), (session.client, session.server)):
        sender.say(''.join(line + '\r\n' for line in text))
        for line in text:
            if receiver.line() != line:
                return tap.fail('%r did not arrive as it was said' % line)
    return None


@step
def stream(at):
    """Text around the edited replies arrives despite losses (which the caller causes)."""
    session = Session(at)
    for lines in (1, 3000, 2, 1000, 5, 1):
        if at.number == 1:
            session.passive()
        session.passive('EPSV', EPSV)
        numbered(session, lines)
    session.close()


def segments(end, session):
    """The client's segments with payload that were captured so far."""
    return [p for p in iter(end.heard, None)
            if (p.proto, p.sport, p.dport) == (6, session.cport, PORT) and p.payload]


def tcp_ack(got):
    head = 20 if got.raw[0] >> 4 == 4 else 40
    return struct.unpack('!I', got.raw[head + 8:head + 12])[0]


@step
def chained(at):
    """Segments that GRO has chained, of a client whose server has finished: all of them
    acknowledge the end of the server's stream, after an edit that has changed its length."""
    session = Session(at)
    if at.number == 1:
        session.command('PASV\r\n')
        session.answer('227 (1,1,1,1,200,1)\r\n')
    else:
        session.command('EPSV\r\n')
        session.answer('229 (|2|2001:db8::1|51201|)\r\n')
    tap.equal([c.vport for c in session.announced()], [51201], 'expected ports')
    session.server.sock.shutdown(socket.SHUT_WR)
    tap.equal(session.client.sock.recv(9), b'', 'the end of the stream')
    text = long_text(2000)
    ends = Tap('director', 'front', MAC['director', 'front']), Tap('server1', 'back', MAC['director', 'back'])
    longest, acknowledged = 0, set()
    for _ in range(20):
        session.client.say(''.join(line + '\r\n' for line in text))
        for line in text:
            if session.server.line() != line:
                return tap.fail('%r did not arrive as it was said' % line)
        longest = max([longest] + [len(p.payload) for p in segments(ends[0], session)])
        acknowledged |= {tcp_ack(p) for p in segments(ends[1], session)}
        if longest > 1460:
            break
    tap.check(longest > 1460, 'GRO has chained no segments')
    tap.equal(len(acknowledged), 1, 'different acknowledgements')
    session.close()
    return None


def bad_commands(at):
    own = commas(at.client, 5000)
    yield from ('PORT', 'PORT ', 'PORT 1', 'PORT 1,2,3,4,5', 'PORT 1,2,3,4,5,', 'PORT 256,1,1,1,1,1',
                'PORT 1,2,3,4,5,999', 'PORT ' + '1' * 300, 'PORT' + own, 'PORT ,,,,,', 'PORT -1,2,3,4,5,6',
                'PORT 99999999999999999999,2,3,4,5,6', 'PORTS ' + own, 'XPORT ' + own,
                'PORT ' + own.rsplit(',', 2)[0] + ',0,0')
    host, other = (at.client, 3 - at.number)
    yield from ('EPRT', 'EPRT ', 'EPRT |', 'EPRT ||', 'EPRT |||', 'EPRT ||||', 'EPRT |||5000|',
                'EPRT |%d|%s|5000|' % (other, host), 'EPRT |%d|%s|5000' % (at.number, host),
                'EPRT |%d|%s|0|' % (at.number, host), 'EPRT |%d|%s|65536|' % (at.number, host),
                'EPRT |%d|%s|99999999999|' % (at.number, host), 'EPRT |%d|%s||' % (at.number, host),
                'EPRT |%d|%s|5000!' % (at.number, host), 'EPRT |%d||5000|' % at.number,
                'EPRT |%d|%s|5000|' % (at.number, 'f' * 100), 'EPRT |%d|%s' % (at.number, ':' * 230),
                'EPRT |9|%s|5000|' % host, 'EPRT \x01%d\x01%s\x015000\x01' % (at.number, host))


def bad_replies(at):
    yield from ('227', '227 ', '227 (', '227 ()', '227 (1', '227 (1,2,3,4,5', '227 (1,2,3,4,5,)',
                '227 (256,2,3,4,5,6)', '227 (1,2,3,4,0,0)', '227 ' + '(' * 300, '227 ' + 'x' * 400,
                '227-(1,2,3,4,5,6)', '22', '500 no', '227 (1,2,3,4,999,1)', ' 227 (1,2,3,4,5,6)')
    yield from ('229', '229 ', '229 (', '229 ()', '229 (|', '229 (||', '229 (|||', '229 (|||)', '229 (||||)',
                '229 (|||0|)', '229 (|||65536|)', '229 (|||99999999999|)', '229 (|||5000)',
                '229 (||5000|)', '229 (|||5000!)', '229 ' + '|' * 300, '229 (|||' + '5' * 300,
                '229 |||5000|', '229 (\x01\x01\x015000\x01)')


@step
def hostile(at):
    """Malformed commands and replies create no expectation and arrive unchanged."""
    session = Session(at)
    for command in bad_commands(at):
        session.command(command + '\r\n')
        tap.equal([str(c) for c in session.announced()], [], 'expected after %r' % command)
    for ask in ('PASV', 'EPSV'):
        for reply in bad_replies(at):
            session.command(ask + '\r\n')
            tap.equal(session.answer(reply + '\r\n'), reply, 'the line the client got')
            tap.equal([str(c) for c in session.announced()], [], 'expected after %r' % reply)
    # within the text of another reply
    for reply in ('227 (%s)' % commas(at.server, 5000), '229 (|||5000|)'):
        for line in ('213-Status', reply, '213 That was it'):
            tap.equal(session.answer(line + '\r\n'), line, 'the line the client got')
        tap.equal([str(c) for c in session.announced()], [], 'expected after text')
    session.close()
    # without a command
    session = Session(at)
    for reply in ('227 (%s)' % commas(at.server, 5000), '229 (|||5000|)'):
        tap.equal(session.answer(reply + '\r\n'), reply, 'the line the client got')
    tap.equal([str(c) for c in session.announced()], [], 'expected without a command')
    session.close()


@step
def again(at):
    """Only the latest request of a client has an expected connection, and only for this client."""
    session = Session(at)
    for port in (40001, 40002, 40003):
        session.command('EPSV\r\n')
        session.answer(EPSV % port + '\r\n')
    tap.equal([c.vport for c in session.announced()], [40003], 'expected ports')
    stranger = socket_in('server2', at, at.server[:-1] + '2')
    stranger.settimeout(2)
    try:
        stranger.connect((at.vip, 40003))
        tap.fail('another client was let in')
    except OSError:
        pass
    tap.equal([c.vport for c in session.announced()], [40003], 'still expected')
    session.close()


@step
def taken(at):
    """Two sessions of a client negotiate the same ports: the later one gets through."""
    one, two = Session(at), Session(at)
    one.command('EPSV\r\n')
    one.answer(EPSV % 40000 + '\r\n')
    two.passive('EPSV', EPSV, port=40000)
    one.command('EPRT |%d|%s|40001|\r\n' % (at.number, at.client))
    two.active('EPRT', port=40001)
    one.close()
    two.close()


@step
def stolen(at, thief):
    """A later session cannot revoke the expectation of an earlier one."""
    one, other = Session(at), Session(At(thief, at.vip, at.server))
    where = 'EPRT |%d|%s|' % (at.number, at.client)
    other.command(where + '40001|\r\n')
    one.command(where + '40001|\r\n')
    other.command(where + '40002|\r\n')
    tap.check(one.connection(40001, 20), 'the expectation is gone')
    one.active('EPRT', port=40001)
    one.close()
    other.close()


@step
def headers(at):
    """IPv6 extension headers in front of TCP, in both directions."""
    session = Session(at, PADDING)
    session.passive('EPSV', EPSV)
    session.active('EPRT')
    session.passive('EPSV', '229 now (|||%d|) that was it')
    numbered(session, 50)
    session.close()


@step
def hold(at):
    """A session with one data connection open and one expected, until the input ends."""
    session = Session(at)
    session.command('EPSV\r\n')
    session.answer(EPSV % 40000 + '\r\n')
    print('held', flush=True)
    sys.stdin.read()


@step
def expect(at):
    """A session that waits for a data connection, until the input ends."""
    session = Session(at)
    for port in (40001, 40002, 40003):
        if at.number == 1:
            session.command('PASV\r\n')
            session.answer('227 (%s)\r\n' % commas(at.server, port))
        else:
            session.command('EPSV\r\n')
            session.answer(EPSV % port + '\r\n')
    print('held', flush=True)
    sys.stdin.read()


tap.main()
