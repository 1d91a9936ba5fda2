/* SPDX-License-Identifier: GPL-2.0 */
/* Tracepoints are never enabled in a process. */
#ifndef UNIT_TRACE_H
#define UNIT_TRACE_H

#define trace_weir_conn_new(cp, what)		((void)(cp), (void)(what))
#define trace_weir_conn_end(cp, why)		((void)(cp), (void)(why))
#define trace_weir_state(cp, old, new, timeout)	((void)(timeout))

#endif /* UNIT_TRACE_H */
