/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The commands, as called through opt_table[].run. Each returns an exit
 * status; unless it is EXIT_OK, fail_text() is the reason. It is empty if the
 * command has printed the reason to stdout.
 */
#ifndef IPVSADM_CMDS_H
#define IPVSADM_CMDS_H

#include "fail.h"
#include "request.h"

/* cmd_service.c */
enum exit_status cmd_add_service(const struct request *req);
enum exit_status cmd_edit_service(const struct request *req);
enum exit_status cmd_delete_service(const struct request *req);
enum exit_status cmd_clear(const struct request *req);
enum exit_status cmd_zero(const struct request *req);

/* cmd_dest.c */
enum exit_status cmd_add_dest(const struct request *req);
enum exit_status cmd_edit_dest(const struct request *req);
enum exit_status cmd_delete_dest(const struct request *req);

/* cmd_list.c */
enum exit_status cmd_list(const struct request *req);

/* cmd_save.c */
enum exit_status cmd_save(const struct request *req);

/* cmd_restore.c: connects to the kernel itself, after reading all of stdin */
enum exit_status cmd_restore(const struct request *req);

/* cmd_config.c */
enum exit_status cmd_set_timeouts(const struct request *req);
enum exit_status cmd_start_daemon(const struct request *req);
enum exit_status cmd_stop_daemon(const struct request *req);

/* cmd_mesh.c */
enum exit_status cmd_start_mesh(const struct request *req);
enum exit_status cmd_stop_mesh(const struct request *req);
enum exit_status cmd_set_keys(const struct request *req);
enum exit_status cmd_wait_sync(const struct request *req);

/* cmd_help.c */
enum exit_status cmd_help(const struct request *req);
enum exit_status cmd_version(const struct request *req);

#endif
