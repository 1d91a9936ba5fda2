/* SPDX-License-Identifier: GPL-2.0 */
/* The objects exchanged with the kernel, as plain data. */
#ifndef IPVSADM_TYPES_H
#define IPVSADM_TYPES_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/ip_vs.h>
#include <linux/weir.h>

#define IPVS_MASK4_HOST	0xffffffffu	/* same in both byte orders */
#define IPVS_MASK6_HOST	128
#define IPVS_FLAGS_SENT	(IP_VS_SVC_F_PERSISTENT | IP_VS_SVC_F_ONEPACKET | \
			 IP_VS_SVC_F_SCHED1 | IP_VS_SVC_F_SCHED2 | \
			 IP_VS_SVC_F_SCHED3)

struct ipvs_addr {
	uint16_t af;
	union {
		struct in_addr v4;
		struct in6_addr v6;
		uint32_t word[4];	/* network byte order; all 16 bytes are sent */
	};
};

struct ipvs_stats {
	uint64_t conns, inpkts, outpkts, inbytes, outbytes;
	uint64_t cps, inpps, outpps, inbps, outbps;
};

struct ipvs_service {
	struct ipvs_addr addr;		/* .af is valid for fwmark services too */
	uint16_t protocol;
	in_port_t port;			/* network byte order */
	uint32_t fwmark;		/* 0: service defined by address */
	char sched[IP_VS_SCHEDNAME_MAXLEN];
	char pe[IP_VS_PENAME_MAXLEN];
	uint32_t flags;			/* IP_VS_SVC_F_* */
	uint32_t timeout;		/* persistence timeout, seconds */
	uint32_t netmask;		/* IPv4: big-endian mask; IPv6: prefix length */
	struct ipvs_stats stats;
};

struct ipvs_dest {
	struct ipvs_addr addr;
	in_port_t port;			/* network byte order */
	uint32_t method;		/* IP_VS_CONN_F_FWD_MASK */
	uint32_t weight;
	uint32_t upper, lower;		/* connection thresholds, 0: none */
	uint32_t active, inactive, persistent;
	uint8_t tun_type;
	in_port_t tun_port;		/* network byte order */
	uint16_t tun_flags;
	struct ipvs_stats stats;
};

/* The mesh daemon of family "weir", next to IP_VS_STATE_MASTER and _BACKUP */
#define IPVS_STATE_MESH 4

struct ipvs_daemon {
	uint32_t state;			/* IP_VS_STATE_* or IPVS_STATE_MESH */
	uint32_t syncid;
	char ifname[IP_VS_IFNAME_MAXLEN];
	uint16_t maxlen;		/* this and below: 0 is the kernel's default */
	uint16_t port;			/* host byte order */
	uint8_t ttl;
	struct ipvs_addr group;		/* .af 0: none */
};

struct ipvs_key {
	uint8_t id;
	uint8_t secret[WEIR_KEY_LEN];
};

/* What a mesh daemon has in addition to struct ipvs_daemon. Wipe it after use. */
struct ipvs_mesh_config {
	struct ipvs_addr peers[WEIR_MESH_MAX_PEERS];
	size_t n_peers;
	struct ipvs_key keys[WEIR_MESH_MAX_KEYS];
	size_t n_keys;
};

struct ipvs_peer {
	struct ipvs_addr addr;
	uint8_t state;			/* WEIR_SYNC_* */
	bool heard;
	bool unready;			/* it says that it is not in sync itself */
	uint32_t silent;		/* milliseconds since it was heard */
	uint64_t conns, lag, resent, lost, got, given, resyncs;
};

/* A running mesh daemon */
struct ipvs_mesh {
	struct ipvs_daemon daemon;
	uint8_t state;			/* WEIR_SYNC_* */
	int key_id;			/* -1: unknown */
	uint64_t conns;
	struct ipvs_peer *v;
	size_t n, cap;
};

struct ipvs_timeouts {
	uint32_t tcp, tcp_fin, udp;	/* seconds */
};

struct ipvs_info {
	uint32_t version;
	uint32_t conn_tab_size;
};

/* A named counter of family "weir" */
struct ipvs_counter {
	char name[32];
	char text[128];
	uint64_t value;
};

struct ipvs_counters {
	struct ipvs_counter *v;
	size_t n, cap;
};

struct ipvs_services {
	struct ipvs_service *v;
	size_t n, cap;
};

struct ipvs_dests {
	struct ipvs_dest *v;
	size_t n, cap;
};

#endif
