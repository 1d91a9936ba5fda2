/* SPDX-License-Identifier: GPL-2.0 */
#ifndef IPVSADM_MODPROBE_H
#define IPVSADM_MODPROBE_H

/* Returns NULL on success, otherwise the reason as the second half of a sentence. */
const char *modprobe(const char *module);

#endif
