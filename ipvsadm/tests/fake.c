// SPDX-License-Identifier: GPL-2.0
/*
 * Implements ipvs.h on a table in a file instead of the kernel. Environment:
 *   FAKE_TABLE   file of rules, read by ipvs_open(), written by ipvs_close()
 *   FAKE_ERROR   errno of every request
 *   FAKE_EXTACK  extended ack message of an error
 *   FAKE_COUNT   the statistics of each object are multiples of this number
 *   FAKE_DOWN    the module cannot be loaded
 *   FAKE_MESH    the states that the mesh daemon has, one after the other:
 *                "2,2,4"; "none": it does not run. Unset: ip_vs has no mesh
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "fail.h"
#include "ipvs.h"
#include "print.h"
#include "rules.h"

struct entry {
	struct ipvs_service svc;
	struct ipvs_dests dests;
};

static struct entry *table;
static size_t n_entries, cap_entries;
static struct ipvs_timeouts timeouts = { 900, 120, 300 };
static struct ipvs_daemon daemons[2];
static bool failed;

static int forced_error(void)
{
	const char *error = getenv("FAKE_ERROR");

	failed = error;
	return error ? -atoi(error) : 0;
}

static int set_error(int err)
{
	failed = err;
	return err;
}

const char *ipvs_extack(void)
{
	return failed ? getenv("FAKE_EXTACK") : NULL;
}

static void fill_stats(struct ipvs_stats *stats)
{
	const char *text = getenv("FAKE_COUNT");
	uint64_t base = text ? strtoull(text, NULL, 10) : 0;

	*stats = (struct ipvs_stats){
		.conns = base, .inpkts = base * 1000, .outpkts = base * 10000,
		.inbytes = base * 1000000, .outbytes = base * 10000000000,
		.cps = base, .inpps = base * 100, .outpps = base * 1000,
		.inbps = base * 100000, .outbps = base * 1000000,
	};
}

static bool same_addr(const struct ipvs_addr *a, const struct ipvs_addr *b)
{
	return a->af == b->af && !memcmp(a->word, b->word, sizeof(a->word));
}

static struct entry *find_service(const struct ipvs_service *key)
{
	for (size_t i = 0; i < n_entries; i++) {
		const struct ipvs_service *svc = &table[i].svc;

		if (svc->fwmark == key->fwmark && same_addr(&svc->addr, &key->addr) &&
		    svc->protocol == key->protocol && svc->port == key->port)
			return &table[i];
	}
	return NULL;
}

static struct ipvs_dest *find_dest(struct entry *entry, const struct ipvs_dest *key)
{
	for (size_t i = 0; i < entry->dests.n; i++) {
		struct ipvs_dest *dest = &entry->dests.v[i];

		if (same_addr(&dest->addr, &key->addr) && dest->port == key->port)
			return dest;
	}
	return NULL;
}

int ipvs_open(void)
{
	const char *path = getenv("FAKE_TABLE");
	struct rules rules = { 0 };
	FILE *file;

	if (getenv("FAKE_DOWN"))
		return fail("Can't initialize ipvs: Protocol not available: no such thing here");
	file = path ? fopen(path, "r") : NULL;
	if (!file)
		return 0;
	if (rules_read(file, stderr, &rules))
		abort();
	fclose(file);
	for (size_t i = 0; i < rules.n; i++) {
		const struct request *req = &rules.v[i].req;

		if (req->cmd == CMD_ADD)
			ipvs_change_service(IPVS_CMD_NEW_SERVICE, &req->svc);
		else
			ipvs_change_dest(IPVS_CMD_NEW_DEST, &req->svc, &req->dest);
	}
	free(rules.v);
	return 0;
}

static void write_table(const char *path)
{
	FILE *real = stdout, *file = fopen(path, "w");

	if (!file)
		abort();
	fflush(stdout);
	stdout = file;
	for (size_t i = 0; i < n_entries; i++) {
		print_service_rule(&table[i].svc, true);
		for (size_t d = 0; d < table[i].dests.n; d++)
			print_dest_rule(&table[i].svc, &table[i].dests.v[d], true);
	}
	fclose(file);
	stdout = real;
}

void ipvs_close(void)
{
	if (getenv("FAKE_TABLE") && !getenv("FAKE_DOWN"))
		write_table(getenv("FAKE_TABLE"));
	for (size_t i = 0; i < n_entries; i++)
		free(table[i].dests.v);
	free(table);
	table = NULL;
	n_entries = cap_entries = 0;
}

int ipvs_get_info(struct ipvs_info *info)
{
	*info = (struct ipvs_info){ .version = IP_VS_VERSION_CODE, .conn_tab_size = 4096 };
	return forced_error();
}

int ipvs_flush(void)
{
	for (size_t i = 0; i < n_entries; i++)
		free(table[i].dests.v);
	n_entries = 0;
	return forced_error();
}

int ipvs_zero_all(void)
{
	return forced_error();
}

static int new_service(const struct ipvs_service *svc)
{
	if (find_service(svc))
		return set_error(-EEXIST);
	if (!strcmp(svc->sched, "nosuch"))
		return set_error(-ENOENT);
	table = array_grow(table, n_entries, &cap_entries, sizeof(*table));
	table[n_entries++] = (struct entry){ .svc = *svc };
	return set_error(0);
}

int ipvs_change_service(int cmd, const struct ipvs_service *svc)
{
	struct entry *entry = find_service(svc);

	if (forced_error())
		return forced_error();
	if (cmd == IPVS_CMD_NEW_SERVICE)
		return new_service(svc);
	if (!entry)
		return set_error(-ESRCH);
	if (cmd == IPVS_CMD_SET_SERVICE) {
		entry->svc = *svc;
	} else if (cmd == IPVS_CMD_DEL_SERVICE) {
		free(entry->dests.v);
		*entry = table[--n_entries];
	}
	return set_error(0);
}

int ipvs_change_dest(int cmd, const struct ipvs_service *svc, const struct ipvs_dest *dest)
{
	struct entry *entry = find_service(svc);
	struct ipvs_dest *found = entry ? find_dest(entry, dest) : NULL;
	struct ipvs_dests *dests = entry ? &entry->dests : NULL;

	if (forced_error())
		return forced_error();
	if (!entry)
		return set_error(-ESRCH);
	if (cmd != IPVS_CMD_NEW_DEST && !found)
		return set_error(-ENOENT);
	if (cmd == IPVS_CMD_NEW_DEST && found)
		return set_error(-EEXIST);
	if (cmd == IPVS_CMD_DEL_DEST) {
		*found = dests->v[--dests->n];
	} else if (cmd == IPVS_CMD_SET_DEST) {
		*found = *dest;
	} else {
		dests->v = array_grow(dests->v, dests->n, &dests->cap, sizeof(*dests->v));
		dests->v[dests->n++] = *dest;
	}
	return set_error(0);
}

int ipvs_change_daemon(int cmd, const struct ipvs_daemon *daemon)
{
	struct ipvs_daemon *slot = &daemons[daemon->state - 1];

	if (forced_error())
		return forced_error();
	if (cmd == IPVS_CMD_DEL_DAEMON)
		return set_error(slot->state ? 0 : -ESRCH);
	*slot = *daemon;
	return set_error(0);
}

int ipvs_get_service(struct ipvs_service *svc)
{
	struct entry *entry = find_service(svc);

	if (!entry)
		return set_error(-ESRCH);
	*svc = entry->svc;
	fill_stats(&svc->stats);
	return forced_error();
}

int ipvs_get_services(struct ipvs_services *services)
{
	for (size_t i = 0; i < n_entries; i++) {
		services->v = array_grow(services->v, services->n, &services->cap,
				   sizeof(*services->v));
		services->v[services->n] = table[i].svc;
		fill_stats(&services->v[services->n++].stats);
	}
	return forced_error();
}

int ipvs_get_dests(const struct ipvs_service *svc, struct ipvs_dests *dests)
{
	struct entry *entry = find_service(svc);

	for (size_t i = 0; entry && i < entry->dests.n; i++) {
		dests->v = array_grow(dests->v, dests->n, &dests->cap, sizeof(*dests->v));
		dests->v[dests->n] = entry->dests.v[i];
		fill_stats(&dests->v[dests->n++].stats);
	}
	return forced_error();
}

int ipvs_get_timeouts(struct ipvs_timeouts *to)
{
	*to = timeouts;
	return forced_error();
}

int ipvs_set_timeouts(const struct ipvs_timeouts *from)
{
	timeouts = *from;
	return forced_error();
}

int ipvs_get_daemons(struct ipvs_daemon to[2])
{
	memcpy(to, daemons, sizeof(daemons));
	to[0] = (struct ipvs_daemon){ .state = IP_VS_STATE_MASTER, .syncid = 3, .ifname = "eth0" };
	return forced_error();
}

int ipvs_get_counters(struct ipvs_counters *counters)
{
	const char *text = getenv("FAKE_COUNT");
	static const struct ipvs_counter all[] = {
		{ .name = "drop_no_route", .text = "no route to the server" },
		{ .name = "pass_no_service", .text = "no service for it" },
	};

	for (size_t i = 0; i < 2; i++) {
		counters->v = array_grow(counters->v, counters->n, &counters->cap, sizeof(*counters->v));
		counters->v[counters->n] = all[i];
		counters->v[counters->n++].value = text && !i ? strtoull(text, NULL, 10) : 0;
	}
	return forced_error();
}

/* 0: it runs; the error of a request to the mesh daemon otherwise */
static int mesh_error(void)
{
	const char *states = getenv("FAKE_MESH");

	if (!states)
		return set_error(-EOPNOTSUPP);
	return set_error(strcmp(states, "none") ? 0 : -ESRCH);
}

static void print_keys(const struct ipvs_mesh_config *config)
{
	for (size_t i = 0; i < config->n_keys; i++)
		printf(" key %u", config->keys[i].id);
	putchar('\n');
}

int ipvs_start_mesh(const struct ipvs_daemon *daemon, const struct ipvs_mesh_config *config)
{
	char addr[INET6_ADDRSTRLEN];

	if (mesh_error() != -ESRCH)
		return mesh_error() ? mesh_error() : set_error(-EEXIST);
	printf("kernel: start mesh syncid %u interface '%s' maxlen %u port %u ttl %u group %s",
	       daemon->syncid, daemon->ifname, daemon->maxlen, daemon->port, daemon->ttl,
	       daemon->group.af ? inet_ntop(daemon->group.af, daemon->group.word, addr,
					    sizeof(addr)) : "none");
	for (size_t i = 0; i < config->n_peers; i++)
		printf(" peer %s", inet_ntop(config->peers[i].af, config->peers[i].word, addr,
					     sizeof(addr)));
	print_keys(config);
	return set_error(0);
}

int ipvs_stop_mesh(void)
{
	return mesh_error();
}

int ipvs_set_mesh_keys(const struct ipvs_mesh_config *config)
{
	if (mesh_error())
		return mesh_error();
	printf("kernel: set keys");
	print_keys(config);
	return 0;
}

static void add_peer(struct ipvs_mesh *mesh, const struct ipvs_peer *peer, const char *addr)
{
	mesh->v = array_grow(mesh->v, mesh->n, &mesh->cap, sizeof(*mesh->v));
	mesh->v[mesh->n] = *peer;
	mesh->v[mesh->n].addr.af = strchr(addr, ':') ? AF_INET6 : AF_INET;
	inet_pton(mesh->v[mesh->n].addr.af, addr, mesh->v[mesh->n].addr.word);
	mesh->n++;
}

int ipvs_get_mesh(struct ipvs_mesh *mesh)
{
	static const char *states;
	const struct ipvs_peer peers[] = {
		{ .state = WEIR_SYNC_IN_SYNC, .heard = true, .silent = 349, .conns = 1024,
		  .resyncs = 1, .got = 1024 },
		{ .state = WEIR_SYNC_ALONE, .heard = true, .silent = 12000, .conns = 7,
		  .lag = 3, .resent = 4, .lost = 5, .unready = true },
		{ .state = WEIR_SYNC_RESYNC, .heard = true, .conns = 1ull << 40, .got = 1234,
		  .given = 56, .resyncs = 7, .unready = true },
		{ .state = WEIR_SYNC_STARTING },
	};

	if (mesh_error())
		return mesh_error();
	states = states ? states : getenv("FAKE_MESH");
	mesh->state = atoi(states);
	states += strchr(states, ',') ? strcspn(states, ",") + 1 : 0;
	mesh->daemon = (struct ipvs_daemon){ .state = IPVS_STATE_MESH, .syncid = 51,
					     .maxlen = 1472, .port = 8848, .ttl = 1 };
	mesh->key_id = mesh->state == WEIR_SYNC_STARTING ? -1 : 1;
	mesh->conns = 1024;
	if (mesh->state == WEIR_SYNC_IN_SYNC) {
		strcpy(mesh->daemon.ifname, "eth1");
		mesh->daemon.group.af = AF_INET;
		inet_pton(AF_INET, "224.0.0.81", &mesh->daemon.group.v4);
	}
	add_peer(mesh, &peers[0], "10.0.0.2");
	add_peer(mesh, &peers[1], "10.0.0.3");
	add_peer(mesh, &peers[2], "10.0.0.4");
	add_peer(mesh, &peers[3], "2001:db8::5");
	return 0;
}
