/* SPDX-License-Identifier: GPL-2.0 */
#ifndef IPVSADM_MODPROBE_H
#define IPVSADM_MODPROBE_H

/* NULL if the module is loaded now, else why not, as the end of a sentence. */
const char *modprobe(const char *module);

#endif
