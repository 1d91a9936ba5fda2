#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""spray.py ADDRESS PORT SECONDS: sends UDP from changing source ports and opens TCP connections,
some hundred per second, which leaves processor time for the test; errors are ignored."""

import socket
import sys
import time


def main(address, port, seconds):
    family = socket.AF_INET6 if ':' in address else socket.AF_INET
    end, sport = time.monotonic() + seconds, 1024
    while time.monotonic() < end:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as sock:
                sock.bind(('', sport))
                sock.sendto(b'spray', (address, port))
            if sport % 8 == 0:
                with socket.socket(family, socket.SOCK_STREAM) as sock:
                    sock.setblocking(False)
                    sock.connect_ex((address, port))
        except OSError:
            pass
        time.sleep(0.002)
        sport = sport + 1 if sport < 65000 else 1024


main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
