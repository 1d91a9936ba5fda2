#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The packet table: one packet in, the packets out byte for byte, and the counters, for each
protocol, method and family. The expected packets come from the forwarding rules in
ipvstest/rules.py, the rows from packet_rows*.py; a row that fails is named. ROWS=name[,name]: only
these generators of rows.
"""

import os

from packet_rows import PLAIN
from packet_rows_icmp import ICMP
from packet_rows_size import SIZE

from ipvstest import tap
from ipvstest.packet_setup import Setup


@tap.test(each_family=True)
def table(family):
    setup, only = Setup(family), os.environ.get('ROWS')
    for generator in PLAIN + ICMP + SIZE:
        if only and generator.__name__ not in only.split(','):
            continue
        before = setup.rows
        for row in generator(setup):
            setup.run(row)
        tap.note('%4d rows: %s' % (setup.rows - before, generator.__name__))
    setup.close()


tap.main()
