#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""FTP servers: ftpd.py LOW HIGH NAMESPACE...: on port 21, with passive data connections on ports
LOW to HIGH. Every requested file contains the server's name."""

import os
import socket
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from ipvstest.namespaces import namespace  # noqa: E402


class Session:
    def __init__(self, sock, name, ports):
        self.sock, self.name, self.ports, self.data = sock, name, ports, None

    def say(self, text):
        self.sock.sendall(text.encode() + b'\r\n')

    def listen(self):
        """Listens in the range of ports that the director knows."""
        for port in self.ports:
            try:
                self.data = socket.create_server(('::', port), family=socket.AF_INET6,
                                                 dualstack_ipv6=True)
                self.data.settimeout(5)
                return port
            except OSError:
                pass
        return None

    def pasv(self):
        address = self.sock.getsockname()[0].replace('::ffff:', '').replace('.', ',')
        self.say('227 Entering Passive Mode (%s,%d,%d)' % ((address,) + divmod(self.listen(), 256)))

    def retr(self):
        self.say('150 here it comes')
        peer, _ = self.data.accept()
        peer.sendall(self.name.encode() + b'\n')
        peer.close()
        self.data.close()
        self.say('226 that was it')

    def run(self):
        answers = {'USER': '331 and a password', 'PASS': '230 hello', 'PWD': '257 "/" is it',
                   'TYPE': '200 as you wish', 'QUIT': '221 bye'}
        self.say('220 ' + self.name)
        for line in self.sock.makefile():
            word = line.split()[0].upper()
            if word == 'EPSV':
                self.say('229 Entering Extended Passive Mode (|||%d|)' % self.listen())
            elif word == 'PASV':
                self.pasv()
            elif word == 'RETR':
                self.retr()
            else:
                self.say(answers.get(word, '502 what?'))
            if word == 'QUIT':
                break
        self.sock.close()


def serve(name, ports, ready):
    with namespace(name):
        sock = socket.create_server(('::', 21), family=socket.AF_INET6, dualstack_ipv6=True)
        ready.release()
        while True:
            try:
                Session(sock.accept()[0], name, ports).run()
            except OSError:
                pass


def main():
    ports, ready = range(int(sys.argv[1]), int(sys.argv[2]) + 1), threading.Semaphore(0)
    for name in sys.argv[3:]:
        # each thread enters its own namespace
        threading.Thread(target=serve, args=(name, ports, ready)).start()
    for _ in sys.argv[3:]:
        ready.acquire()
    print('ready', flush=True)


main()
