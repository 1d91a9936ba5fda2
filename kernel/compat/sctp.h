/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_COMPAT_SCTP_H
#define VS_COMPAT_SCTP_H

#include <linux/types.h>
#include <net/sctp/checksum.h>

/* Whether the kernel has the CRC32c without which an SCTP packet cannot be
 * edited. If not, SCTP is left to the stack, as by an ip_vs without it. */
static inline bool vs_has_sctp(void)
{
#ifdef VS_NO_SCTP
	return false;
#else
	return true;
#endif
}

#endif /* VS_COMPAT_SCTP_H */
