/* SPDX-License-Identifier: GPL-2.0 */
/* Parse a command line, or an input line of -R, into a struct request. */
#ifndef IPVSADM_CMDLINE_H
#define IPVSADM_CMDLINE_H

#include "request.h"

/*
 * @argv excludes the program name. @mesh is where the peers and keys of a mesh
 * daemon are stored; the caller wipes it, after a failure too. NULL: the line
 * is a rule of -R, for which commands of the mesh are refused. Returns 0, or -1
 * with the reason in fail_text().
 */
int cmdline_parse(int argc, char **argv, struct ipvs_mesh_config *mesh, struct request *req);

#endif
