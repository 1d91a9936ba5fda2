// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzzer for the parsers of external input: option values, rules, lines of
 * /proc/net/ip_vs_conn, files of keys and netlink attributes. The argument is the number of
 * rounds; with -DLIBFUZZER, LLVMFuzzerTestOneInput() can be linked with
 * libFuzzer instead.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "attr.h"
#include "conn.h"
#include "keys.h"
#include "parse.h"
#include "rules.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_values(const char *text)
{
	struct ipvs_addr addr;
	in_port_t port;
	uint32_t number;
	uint8_t type;
	char bad[16];
	bool has_port;

	parse_endpoint(text, IPPROTO_TCP, &addr, &port, &has_port);
	parse_addr(text, &addr);
	parse_addr_or_name(text, AF_INET6, &addr);
	parse_netmask(text, AF_INET, &number);
	parse_netmask(text, AF_INET6, &number);
	parse_fwmark(text, &number);
	text_to_tunnel_type(text, &type);
	parse_sched_flags(text, "sh", &number, bad, sizeof(bad));
	if (!parse_number(text, 3, 7, &number) && (number < 3 || number > 7))
		abort();
}

static void fuzz_conn(char *line)
{
	struct ipvs_conn conn;

	if (!conn_parse(line, &conn) && !conn.client.af)
		abort();
}

static void fuzz_rules(const uint8_t *data, size_t size, FILE *nowhere)
{
	struct rules rules = { 0 };
	FILE *in = fmemopen((void *)data, size, "r");

	if (!in)
		return;
	rules_read(in, nowhere, &rules);
	fclose(in);
	free(rules.v);
}

/* The input is the payload of one attribute, copied so that ASan sees its bounds. */
static void fuzz_attributes(const uint8_t *data, size_t size)
{
	size_t len = NLA_HDRLEN + (size > 4096 ? 4096 : size);
	struct nlattr *nest = malloc(len);
	struct ipvs_service svc;
	struct ipvs_dest dest;
	struct ipvs_daemon daemon;
	struct ipvs_mesh mesh = { 0 };

	if (!nest)
		return;
	nest->nla_len = len;
	nest->nla_type = 1;
	memcpy((char *)nest + NLA_HDRLEN, data, len - NLA_HDRLEN);
	if (!attr_parse_service(nest, &svc) && strlen(svc.sched) >= sizeof(svc.sched))
		abort();
	attr_parse_dest(nest, AF_INET, &dest);
	attr_parse_daemon(nest, &daemon);
	attr_parse_mesh(nest, &mesh);
	free(mesh.v);
	free(nest);
}

static void fuzz_keys(char *text, size_t size)
{
	struct ipvs_mesh_config config;

	if (!keys_parse("keys", text, size, &config) &&
	    (!config.n_keys || config.n_keys > WEIR_MESH_MAX_KEYS))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FILE *nowhere;
	char *text = malloc(size + 1);

	if (!nowhere)
		nowhere = fopen("/dev/null", "w");
	if (!text || !nowhere)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	fuzz_values(text);
	if (size)
		fuzz_rules(data, size, nowhere);
	fuzz_attributes(data, size);
	fuzz_conn(text);
	memcpy(text, data, size);
	fuzz_keys(text, size);
	free(text);
	return 0;
}

#ifndef LIBFUZZER
static const char *const seeds[] = {
	"10.0.0.1:80", "[2001:db8::1]:http", "vip:http", "255.255.0.0", "0xffffffff",
	"sh-port,flag-2,mh-fallback", "-A -t 10.0.0.1:80 -s rr -p 300 -M 255.0.0.0\n",
	"ipvsadm -a -f 7 -6 -r [::1]:1 -i --tun-type gue --tun-port 99 -w 3 -x 4 -y=5\n",
	"--set 1 2 3\n# no\n\n--start-daemon master --mcast-group ff02::1 --syncid 3\n",
	"TCP 0A000001 1F90 0A000002 0050 0A000003 0050 ESTABLISHED     899\n",
	"UDP [2001:db8::1] 0035 [2001:db8::2] 0035 [2001:db8::3] 0035 UDP  300 sip id@host\n",
	"--start-daemon mesh --sync-peer 10.0.0.1,vip\n--wait-sync 3\n",
	"# keys\n7 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
	"255\t1F0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F # old\n",
	"\x06\0\1\0\2\0\0\0\x08\0\3\0\x0a\0\0\1\x06\0\4\0\0\x50\0\0\x08\0\6\0rr\0\0\x0c\0\7\0\1\0\0\0\xff\xff\xff\xff",
	"\x05\0\x09\0\2\0\0\0\x08\0\6\0\xe0\0\0\x51\x14\0\7\x80\x08\0\1\0\x0a\0\0\2\x05\0\2\0\4\0\0\0",
};

static uint64_t state = 88172645463325252ull;

static uint32_t random_below(uint32_t bound)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 32) % bound;
}

static size_t copy_seed(uint8_t *buf, size_t size)
{
	uint32_t i = random_below(sizeof(seeds) / sizeof(seeds[0]));
	/* the last two seeds are binary: a service and a mesh */
	size_t n = sizeof(seeds) / sizeof(seeds[0]);
	size_t len = i + 1 == n ? 36 : i + 2 == n ? 45 : strlen(seeds[i]);

	memcpy(buf, seeds[i], len < size ? len : size);
	return len;
}

static size_t mutate_input(uint8_t *buf, size_t len, size_t size)
{
	for (uint32_t n = random_below(6); n; n--) {
		uint32_t at = random_below(len + 1);

		switch (random_below(4)) {
		case 0:
			if (at < len)
				buf[at] ^= 1 << random_below(8);
			break;
		case 1:
			if (at < len)
				buf[at] = "[]:.,-=/ \n#0x%\0\xff"[random_below(16)];
			break;
		case 2:
			len = at;
			break;
		default:
			if (len + at <= size) {
				memcpy(buf + len, buf, at);
				len += at;
			}
			break;
		}
	}
	return len;
}

int main(int argc, char **argv)
{
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
	uint8_t buf[2048];

	for (unsigned long i = 0; i < rounds; i++)
		LLVMFuzzerTestOneInput(buf, mutate_input(buf, copy_seed(buf, sizeof(buf)), sizeof(buf)));
	printf("fuzz: %lu rounds\n", rounds);
	return 0;
}
#endif
