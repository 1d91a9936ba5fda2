/* SPDX-License-Identifier: GPL-2.0 */
/* The commands. Each returns an exit status; if not EXIT_OK, fail_text() says why. */
#ifndef IPVSADM_CMDS_H
#define IPVSADM_CMDS_H

#include "fail.h"
#include "request.h"

/* Runs any command that needs the kernel, which is connected. */
enum exit_status run_command(const struct request *req);
/* Connects, and checks that we may and that the module is not too old. */
enum exit_status connect_kernel(void);

enum exit_status cmd_add_service(const struct request *req);
enum exit_status cmd_edit_service(const struct request *req);
enum exit_status cmd_delete_service(const struct request *req);
enum exit_status cmd_clear(const struct request *req);
enum exit_status cmd_zero(const struct request *req);

enum exit_status cmd_add_dest(const struct request *req);
enum exit_status cmd_edit_dest(const struct request *req);
enum exit_status cmd_delete_dest(const struct request *req);

enum exit_status cmd_list(const struct request *req);
enum exit_status cmd_save(const struct request *req);

enum exit_status cmd_set_timeouts(const struct request *req);
enum exit_status cmd_start_daemon(const struct request *req);
enum exit_status cmd_stop_daemon(const struct request *req);

/* Reads all of stdin before it connects. */
enum exit_status cmd_restore(const struct request *req);

#endif
