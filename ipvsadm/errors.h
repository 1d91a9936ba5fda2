/* SPDX-License-Identifier: GPL-2.0 */
#ifndef IPVSADM_ERRORS_H
#define IPVSADM_ERRORS_H

#include "ipvs.h"

/*
 * Records (see fail.h) what it means that genl command @cmd got @err: the
 * sentence people know from ipvsadm, the object if any, the kernel's words.
 * Returns -1.
 */
int refused(int err, int cmd, const char *object);
int refused_service(int err, int cmd, const struct ipvs_service *svc);
int refused_dest(int err, int cmd, const struct ipvs_service *svc,
		 const struct ipvs_dest *dest);

#endif
