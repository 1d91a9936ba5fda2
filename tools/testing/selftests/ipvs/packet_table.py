#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""packet_table.py FAMILY [GROUP...]: every row of the table (packet_rows.py)."""

import sys

import packet_rows
from ipvstest import tap
from ipvstest.bench import Bench

bench = Bench(int(sys.argv[1]))
for generator in packet_rows.DEFAULT:
    before = bench.rows
    for row in generator(bench):
        bench.run(row)
    tap.note('%4d rows: %s' % (bench.rows - before, generator.__name__))
bench.close()
tap.finish()
