/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_SYSCTL_TYPES_H
#define VS_SYSCTL_TYPES_H

#include <linux/cpumask.h>
#include <linux/types.h>

/**
 * struct vs_sysctl - the values of net.ipv4.vs.* in a namespace
 *
 * A field is named after its knob. Written by api/sysctl.c (@drop_entry,
 * @drop_packet and @secure_tcp by conn/defence.c, too), read with READ_ONCE() in
 * any context. Exceptions: @conn_limit is private to api/sysctl.c; @est_cpus and
 * @est_cpus_set are written under vn->knob_lock and the configuration lock and
 * read under either.
 */
struct vs_sysctl {
	/* per packet */
	int snat_reroute;
	int pmtu_disc;
	int nat_icmp_send;
	int ignore_tunneled;
	int conntrack;
	int conn_reuse_mode;
	int expire_nodest_conn;

	/* per new connection */
	int conn_max;
	int conn_limit;			/* upper bound of @conn_max, no knob */
	int sloppy_tcp;
	int sloppy_sctp;
	int schedule_icmp;
	int cache_bypass;
	int expire_quiescent_template;
	int lblc_expiration;		/* jiffies */
	int lblcr_expiration;		/* jiffies */

	/* defence */
	int amemthresh;			/* pages */
	int am_droprate;
	int drop_entry;
	int drop_packet;
	int secure_tcp;

	/* synchronization */
	int backup_only;
	int sync_version;
	int sync_ports;
	int sync_persist_mode;
	unsigned long sync_qlen_max;
	int sync_sock_size;
	int sync_threshold[2];
	int sync_refresh_period;	/* jiffies */
	int sync_retries;
	int sync_resync_rate;		/* entries per second */

	/* rate estimation, table sizes */
	int run_estimation;
	cpumask_var_t est_cpus;		/* est_cpulist */
	bool est_cpus_set;		/* est_cpulist was written */
	int est_nice;
	int conn_lfactor;
	int svc_lfactor;
};

#endif /* VS_SYSCTL_TYPES_H */
