/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The file with the keys of the mesh daemon: lines "ID SECRET", the first of
 * which is the key of messages sent. No message contains text of the file:
 * it could be a secret.
 */
#ifndef IPVSADM_KEYS_H
#define IPVSADM_KEYS_H

#include "types.h"

/*
 * Set the keys of @config, which are incomplete after a failure. Return 0, or
 * -1 with the reason in fail_text(). The caller wipes @config.
 */
int keys_read(const char *path, struct ipvs_mesh_config *config);
/* @path: for messages. @text is modified; its byte @len must exist. */
int keys_parse(const char *path, char *text, size_t len, struct ipvs_mesh_config *config);

#endif
