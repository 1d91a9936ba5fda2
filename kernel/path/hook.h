/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_HOOK_H
#define VS_HOOK_H

#include "types.h"

/* Registers the packet hooks of a family in @vn's namespace, or takes them
 * away; config.c calls it for the first and last service of the family. */
int vs_hooks_register(struct vs_net *vn, u8 af);
void vs_hooks_unregister(struct vs_net *vn, u8 af);

#endif /* VS_HOOK_H */
