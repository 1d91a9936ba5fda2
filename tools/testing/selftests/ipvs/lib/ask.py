#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A client of servers.py: ask.py [options] ADDRESS PORT; prints the name of the server that
answered each request.

-u        over UDP              -n N     number of requests, one connection each
-b ADDR   source address        -p PORT  source port
-w SEC    timeout (5)           -s N     UDP payload, or bytes for `sum` and `give`
-k WISH   who, bye, sum, give   (sum: sends -s bytes, prints the server's verdict `same` or
          `DIFFERENT`; give: receives -s bytes and compares)
"""

import getopt
import itertools
import os
import socket
import sys
import types

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from ipvstest.namespaces import namespace  # noqa: E402

PATTERN = bytes(range(251)) * 4096


def bytes_of(size):
    return (PATTERN * (size // len(PATTERN) + 1))[:size]


# The director keeps a datagram's connection for minutes: use each source port once.
UDP_PORTS = itertools.count(33000 + os.getpid() * 61 % 20000)


def wish_udp(args, sock, count):
    data = (b'%d ' % count + bytes_of(args.size))[:max(args.size, 8)]
    sock.send(data)
    name, _, echo = sock.recv(65536).partition(b' ')
    return name.decode() if echo == data else 'DIFFERENT'


def wish_tcp(args, sock):
    data = bytes_of(args.size)
    if args.kind == 'sum':
        sock.sendall(b'sum\n')
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        import hashlib  # here, as few callers need it and the import is slow
        wanted = hashlib.sha256(data).hexdigest()
        return 'same' if sock.makefile().readline().strip() == wanted else 'DIFFERENT'
    if args.kind == 'give':
        sock.sendall(b'give %d\n' % args.size)
        return 'same' if sock.makefile('rb').read() == data else 'DIFFERENT'
    sock.sendall(args.kind.encode() + b'\n')
    return sock.makefile().readline().strip() or 'EMPTY'


def one(args, count):
    family = socket.AF_INET6 if ':' in args.address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM if args.udp else socket.SOCK_STREAM)
    sock.settimeout(args.wait)
    sport = args.sport or (next(UDP_PORTS) if args.udp else 0)
    if args.bind or sport:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((args.bind, sport))
    try:
        sock.connect((args.address, args.port))
        return wish_udp(args, sock, count) if args.udp else wish_tcp(args, sock)
    except socket.timeout:
        return 'timeout'
    except ConnectionRefusedError:
        return 'refused'
    except ConnectionResetError:
        return 'reset'
    except OSError as error:
        return (error.strerror or str(error)).lower().replace(' ', '-')
    finally:
        sock.close()


def parsed(words):
    options, (address, port) = getopt.getopt(words, 'un:b:p:w:s:k:')
    given = dict(options)
    return types.SimpleNamespace(
        udp='-u' in given, count=int(given.get('-n', 1)), bind=given.get('-b', ''),
        sport=int(given.get('-p', 0)), wait=float(given.get('-w', 5)),
        size=int(given.get('-s', 16)), kind=given.get('-k', 'who'), address=address,
        port=int(port))


def serve(wishes, answers):
    """Runs lines of `NAMESPACE ARGS...` in that namespace; a line with a dot ends each answer."""
    for line in wishes:
        ns, *words = line.split()
        with namespace(ns):
            args = parsed(words)
            for count in range(args.count):
                print(one(args, count), file=answers)
        print('.', file=answers, flush=True)


def main():
    args = parsed(sys.argv[1:])
    for count in range(args.count):
        print(one(args, count), flush=True)


if __name__ == '__main__':
    main()
