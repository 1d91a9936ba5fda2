/* SPDX-License-Identifier: GPL-2.0 */
#ifndef IPVSADM_FAIL_KERNEL_H
#define IPVSADM_FAIL_KERNEL_H

#include "types.h"

/* A WEIR_CMD_* as @cmd of the functions below, which are IPVS_CMD_* otherwise */
#define FAIL_WEIR(cmd) (0x100 + (cmd))

/*
 * Record (see fail.h) that the kernel answered generic netlink command @cmd
 * with the negative errno @err: ipvsadm's customary sentence, the object if
 * there is one, and the kernel's extended ack. Return -1.
 */
int fail_kernel(int err, int cmd, const char *object);
int fail_kernel_service(int err, int cmd, const struct ipvs_service *svc);
int fail_kernel_dest(int err, int cmd, const struct ipvs_service *svc,
		     const struct ipvs_dest *dest);

#endif
