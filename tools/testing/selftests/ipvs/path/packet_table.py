#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""packet_table.py FAMILY [GENERATOR...]: the rows of packet_rows*.py."""

import sys

from packet_rows import PLAIN
from packet_rows_icmp import ICMP
from packet_rows_size import SIZE

from ipvstest import tap
from ipvstest.bench import Bench

bench = Bench(int(sys.argv[1]))
for generator in PLAIN + ICMP + SIZE:
    if sys.argv[2:] and generator.__name__ not in sys.argv[2:]:
        continue
    before = bench.rows
    for row in generator(bench):
        bench.run(row)
    tap.note('%4d rows: %s' % (bench.rows - before, generator.__name__))
bench.close()
tap.finish()
