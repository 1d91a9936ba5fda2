/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_TOTALS_H
#define VS_TOTALS_H

#include "stats.h"

/* Called for each destination with its present counts, under the configuration
 * lock. */
typedef void vs_totals_visit(struct vs_dest *dest, const struct vs_sums *now);

/**
 * vs_totals_walk - sum up the counts of all destinations
 * @vn:		namespace
 * @visit:	called for each destination, or NULL
 *
 * Sets the results in vs_net.all.
 *
 * Context: process, vs_all.walk_lock held; takes the configuration lock, and
 * releases it now and then.
 */
void vs_totals_walk(struct vs_net *vn, vs_totals_visit *visit);

/**
 * vs_totals_read_begin - the present sums of a namespace
 * @vn:		namespace
 * @v:		gets the total since the last "zero", and the rates
 *
 * Context: process, no lock held.
 * Return: the sums by CPU, which stay as they are until vs_totals_read_end();
 * NULL if the task was killed while it waited, without a call of
 * vs_totals_read_end().
 */
const struct vs_sums *vs_totals_read_begin(struct vs_net *vn,
					   struct vs_stats_view *v);
void vs_totals_read_end(struct vs_net *vn);

#endif /* VS_TOTALS_H */
