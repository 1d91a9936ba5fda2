/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The generic netlink family "weir": what Weir has beyond the kernel's ip_vs,
 * whose own family "IPVS" stays as it is.
 *
 * Every object is one nest of a message; each nest counts its attributes on its
 * own. Numbers, once given, keep their meaning. New commands, and new attributes
 * in answers, come without a new version: who reads skips what it does not know.
 * In requests the kernel refuses what it does not know.
 */
#ifndef _UAPI_LINUX_WEIR_H
#define _UAPI_LINUX_WEIR_H

#define WEIR_GENL_NAME		"weir"
#define WEIR_GENL_VERSION	1

enum {
	WEIR_CMD_UNSPEC,
	WEIR_CMD_GET_COUNTERS,	/* dump: a WEIR_ATTR_COUNTER a message */

	__WEIR_CMD_MAX
};
#define WEIR_CMD_MAX (__WEIR_CMD_MAX - 1)

/* Of a message */
enum {
	WEIR_ATTR_UNSPEC,
	WEIR_ATTR_COUNTER,	/* nest of WEIR_COUNTER_* */

	__WEIR_ATTR_MAX
};
#define WEIR_ATTR_MAX (__WEIR_ATTR_MAX - 1)

enum {
	WEIR_COUNTER_UNSPEC,
	WEIR_COUNTER_NAME,	/* string: "drop_no_route" */
	WEIR_COUNTER_VALUE,	/* u64: since the namespace was made */
	WEIR_COUNTER_TEXT,	/* string: what it counts, for people to read */
	WEIR_COUNTER_PAD,

	__WEIR_COUNTER_MAX
};
#define WEIR_COUNTER_MAX (__WEIR_COUNTER_MAX - 1)

#endif /* _UAPI_LINUX_WEIR_H */
