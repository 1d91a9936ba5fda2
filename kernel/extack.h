/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_EXTACK_H
#define VS_EXTACK_H

#include <linux/netlink.h>

/* Refuses a request: sets the text of @extack (may be NULL), returns @err. */
static inline int vs_refuse(struct netlink_ext_ack *extack, const char *why,
			    int err)
{
	if (extack)
		extack->_msg = why;
	return err;
}

#endif /* VS_EXTACK_H */
