// SPDX-License-Identifier: GPL-2.0
/*
 * The requests to the mesh daemon: a command line with a file of keys, and the
 * attributes that are sent for it; and the attributes of a reply.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <netlink/attr.h>

#include "attr.h"
#include "cmdline.h"
#include "fail.h"

#define ONE "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F"
#define TWO "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff000102030405060708090a0b0c0d0e0f"

static int bad, count;

static void check(const char *what, const char *got, const char *want)
{
	count++;
	if (!strcmp(got, want))
		return;
	printf("not ok: %s\n  want %s\n  got  %s\n", what, want, got);
	bad++;
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (!file || fputs(text, file) < 0 || fclose(file))
		abort();
}

/* Appends "type:hex ", nests as "type[...]" */
static void dump_attrs(struct nlattr *attr, int left, int depth, char *to)
{
	for (; nla_ok(attr, left); attr = nla_next(attr, &left)) {
		const uint8_t *data = nla_data(attr);
		bool nest = attr->nla_type & NLA_F_NESTED;

		sprintf(to + strlen(to), nest ? "%d[" : "%d:", nla_type(attr));
		if (nest && depth < 3)
			dump_attrs(nla_data(attr), nla_len(attr), depth + 1, to);
		for (int i = 0; !nest && i < nla_len(attr); i++)
			sprintf(to + strlen(to), "%02x", data[i]);
		strcat(to, nest ? "]" : " ");
	}
}

static void check_request(const char *args, const char *keys, const char *want)
{
	char words[512], *argv[64], got[4096] = "", path[] = "/tmp/keysXXXXXX";
	struct ipvs_mesh_config mesh = { 0 };
	struct nl_msg *msg = nlmsg_alloc();
	struct request req;
	int argc = 0, fd = mkstemp(path);

	if (!msg || fd < 0 || !nlmsg_put(msg, 0, 0, 0, 0, 0))
		abort();
	close(fd);
	write_file(path, keys);
	snprintf(words, sizeof(words), "%s %s", args, path);
	for (char *word = strtok(words, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	if (cmdline_parse(argc, argv, &mesh, &req))
		strcpy(got, fail_text());
	else if (attr_put_mesh(msg, req.cmd == CMD_SET_KEYS ? NULL : &req.daemon, req.mesh))
		strcpy(got, "attr_put_mesh() failed");
	else
		dump_attrs(nlmsg_data(nlmsg_hdr(msg)), nlmsg_datalen(nlmsg_hdr(msg)), 0, got);
	check(args, got, want);
	nlmsg_free(msg);
	unlink(path);
}

#define SECRET_ONE "2:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f "
#define SECRET_TWO "2:" TWO " "

static void check_requests(void)
{
	check_request("--set-sync-keys", "7 " ONE "\n", "2[8[1:07 " SECRET_ONE "]]");
	check_request("--set-sync-keys", "255 " TWO "\n0 " ONE,
		      "2[8[1:ff " SECRET_TWO "]8[1:00 " SECRET_ONE "]]");
	check_request("--start-daemon mesh --mcast-interface eth1 --sync-key", "7 " ONE,
		      "2[1:6574683100 2:00 8[1:07 " SECRET_ONE "]]");
	check_request("--start-daemon mesh --sync-peer 10.0.0.2,vip --sync-key", "7 " ONE,
		      "2[2:00 7[1:0a000002 ]7[1:c0000201 ]8[1:07 " SECRET_ONE "]]");
	check_request("--start-daemon mesh --syncid 51 --sync-maxlen 258 --mcast-port 772 --mcast-ttl 9 --mcast-group ff02::81 --sync-peer vip6 --sync-key",
		      "7 " ONE,
		      htons(1) == 1 ?
		      "2[2:33 3:0102 4:0304 5:09 6:ff020000000000000000000000000081 "
		      "7[1:20010db8000000000000000000000001 ]8[1:07 " SECRET_ONE "]]" :
		      "2[2:33 3:0201 4:0403 5:09 6:ff020000000000000000000000000081 "
		      "7[1:20010db8000000000000000000000001 ]8[1:07 " SECRET_ONE "]]");
}

/* The longest request must fit into a message. */
static void check_longest(void)
{
	struct ipvs_mesh_config mesh = { .n_peers = WEIR_MESH_MAX_PEERS,
					 .n_keys = WEIR_MESH_MAX_KEYS };
	struct ipvs_daemon daemon = { .ifname = "123456789012345", .maxlen = 1, .port = 1,
				      .ttl = 1, .group = { .af = AF_INET6 } };
	struct nl_msg *msg = nlmsg_alloc();

	for (size_t i = 0; i < WEIR_MESH_MAX_PEERS; i++)
		mesh.peers[i].af = AF_INET6;
	if (!msg || !nlmsg_put(msg, 0, 0, 0, 0, 0))
		abort();
	check("the longest request", attr_put_mesh(msg, &daemon, &mesh) ? "no" : "fits", "fits");
	nlmsg_free(msg);
}

static void put_peer(struct nl_msg *msg, uint32_t addr, uint64_t number)
{
	struct nlattr *nest = nla_nest_start(msg, WEIR_MESH_PEER);

	nla_put_u32(msg, WEIR_PEER_ADDR, htonl(addr));
	nla_put_u8(msg, WEIR_PEER_STATE, WEIR_SYNC_BEHIND);
	if (number) {
		nla_put_u32(msg, WEIR_PEER_HEARD, number);
		nla_put_u8(msg, WEIR_PEER_IN_SYNC, 0);
		for (int type = WEIR_PEER_CONNS; type <= WEIR_PEER_RESYNCS; type++)
			nla_put_u64(msg, type, number + type);
		nla_put_u64(msg, WEIR_PEER_MAX + 1, 1);
	}
	nla_nest_end(msg, nest);
}

static void check_reply(void)
{
	struct nl_msg *msg = nlmsg_alloc();
	struct ipvs_mesh mesh = { 0 };
	struct nlattr *nest;
	const struct ipvs_peer *peer;
	char got[512] = "";

	if (!msg || !nlmsg_put(msg, 0, 0, 0, 0, 0))
		abort();
	nest = nla_nest_start(msg, WEIR_ATTR_MESH);
	nla_put_u8(msg, WEIR_MESH_STATE, WEIR_SYNC_RESYNC);
	nla_put_u8(msg, WEIR_MESH_SYNCID, 200);
	nla_put_u64(msg, WEIR_MESH_CONNS, 1ull << 33);
	put_peer(msg, 0x0a000002, 100);
	put_peer(msg, 0x0a000003, 0);
	nla_put_u64(msg, WEIR_MESH_MAX + 1, 1);
	nla_nest_end(msg, nest);
	if (attr_parse_mesh(nest, &mesh) || mesh.n != 2)
		strcpy(got, "attr_parse_mesh() failed");
	peer = mesh.v;
	if (!*got)
		snprintf(got, sizeof(got), "%u %u %ju %d | %x %u %d%d %u: %ju %ju %ju %ju %ju %ju %ju | %x %u %d%d",
			 mesh.state, mesh.daemon.syncid, mesh.conns, mesh.key_id,
			 ntohl(peer->addr.v4.s_addr), peer->state, peer->heard, peer->unready,
			 peer->silent, peer->conns, peer->lag, peer->resent, peer->lost, peer->got,
			 peer->given, peer->resyncs, ntohl(peer[1].addr.v4.s_addr),
			 peer[1].state, peer[1].heard, peer[1].unready);
	check("a reply", got,
	      "2 200 8589934592 -1 | a000002 3 11 100: 104 105 106 107 108 109 110 | a000003 3 00");
	free(mesh.v);
	nlmsg_free(msg);
}

int main(void)
{
	check_requests();
	check_longest();
	check_reply();
	printf("mesh: %d requests and replies, %d bad\n", count, bad);
	return bad ? 1 : 0;
}
