/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The generic netlink family "weir": extensions beyond the family "IPVS", whose
 * definition belongs to the kernel's ip_vs.
 *
 * An object is one nested attribute of a message, with attribute numbers of its
 * own. Numbers never change their meaning. Commands, and attributes of replies,
 * are added without a new version: skip attributes that you do not know. A
 * request with an unknown attribute is refused.
 */
#ifndef _UAPI_LINUX_WEIR_H
#define _UAPI_LINUX_WEIR_H

#define WEIR_GENL_NAME		"weir"
#define WEIR_GENL_VERSION	1

enum {
	WEIR_CMD_UNSPEC,
	WEIR_CMD_GET_COUNTERS,	/* dump: one WEIR_ATTR_COUNTER per message */

	__WEIR_CMD_MAX
};
#define WEIR_CMD_MAX (__WEIR_CMD_MAX - 1)

/* top level */
enum {
	WEIR_ATTR_UNSPEC,
	WEIR_ATTR_COUNTER,	/* nest of WEIR_COUNTER_* */

	__WEIR_ATTR_MAX
};
#define WEIR_ATTR_MAX (__WEIR_ATTR_MAX - 1)

enum {
	WEIR_COUNTER_UNSPEC,
	WEIR_COUNTER_NAME,	/* string: "drop_no_route" */
	WEIR_COUNTER_VALUE,	/* u64: since the namespace was created */
	WEIR_COUNTER_TEXT,	/* string: description for humans */
	WEIR_COUNTER_PAD,

	__WEIR_COUNTER_MAX
};
#define WEIR_COUNTER_MAX (__WEIR_COUNTER_MAX - 1)

#endif /* _UAPI_LINUX_WEIR_H */
