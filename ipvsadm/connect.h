/* SPDX-License-Identifier: GPL-2.0 */
#ifndef IPVSADM_CONNECT_H
#define IPVSADM_CONNECT_H

#include "fail.h"

/*
 * Connects to the kernel, loading ip_vs if necessary. Fails without the
 * permission to use IPVS; warns if the module is too old.
 */
enum exit_status connect_kernel(void);

#endif
