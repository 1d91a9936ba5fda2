// SPDX-License-Identifier: GPL-2.0
/*
 * kernel/sync/wire.c: bytes that the kernel's ip_vs sends, round trips, and
 * malformed messages. Messages to be read are in buffers of their length, so
 * that a read behind the end is reported.
 */
#include <linux/ip_vs.h>

#include "sync/wire.h"
#include "unit.h"

#define ROOM	(VS_WIRE_HDR1 + VS_WIRE_MAX_ENTRY)

struct message {
	u8 *buf;
	size_t len;
};

static struct message from_hex(const char *hex)
{
	struct message m = { .buf = malloc(strlen(hex) / 2 + 1) };
	unsigned int byte;

	while (*hex) {
		if (*hex == ' ') {
			hex++;
			continue;
		}
		CHECK(sscanf(hex, "%2x", &byte) == 1);
		m.buf[m.len++] = byte;
		hex += 2;
	}
	m.buf = realloc(m.buf, m.len ?: 1);
	return m;
}

static void check_bytes(const struct vs_wire_msg *msg, const char *hex)
{
	struct message want = from_hex(hex);

	if (msg->len != want.len)
		FAIL("%u bytes instead of %zu", msg->len, want.len);
	for (size_t i = 0; i < want.len; i++)
		if (msg->buf[i] != want.buf[i])
			FAIL("byte %zu is %02x instead of %02x", i,
			     msg->buf[i], want.buf[i]);
	free(want.buf);
}

static struct vs_sync_entry entry4(void)
{
	return (struct vs_sync_entry) {
		.caddr.ip = htonl(0x0a000001), .vaddr.ip = htonl(0x0a000002),
		.daddr.ip = htonl(0x0a000003), .cport = htons(1025),
		.vport = htons(80), .dport = htons(8080), .af = AF_INET,
		.proto = IPPROTO_TCP, .state = 1, .flags = 0x80,
		.fwmark = 7, .timeout = 900,
	};
}

static struct vs_sync_entry entry6(void)
{
	struct vs_sync_entry e = entry4();

	e.af = AF_INET6;
	memset(&e.caddr, 0x11, 16);
	memset(&e.vaddr, 0x22, 16);
	memset(&e.daddr, 0x33, 16);
	return e;
}

#define HEX4 "00 06 0024 00000080 0001 0401 0050 1f90 00000007 00000384" \
	     "0a000001 0a000002 0a000003"
#define HEX6 "01 06 0048 00000080 0001 0401 0050 1f90 00000007 00000384" \
	     "11111111111111111111111111111111 22222222222222222222222222222222" \
	     "33333333333333333333333333333333"

static void wire_version_1(void)
{
	struct vs_sync_entry e4 = entry4(), e6 = entry6();
	struct vs_wire_msg m;
	u8 buf[1024];

	vs_wire_begin(&m, buf, sizeof(buf), 1, 9);
	check_bytes(&m, "00 09 0008 00 01 0000");
	CHECK(vs_wire_add(&m, &e4));
	CHECK(vs_wire_add(&m, &e6));
	check_bytes(&m, "00 09 0074 02 01 0000" HEX4 HEX6);
}

static void wire_options(void)
{
	struct vs_sync_entry e = entry4(), e4 = entry4();
	struct vs_wire_msg m;
	u8 buf[1024];

	e.flags = 0x0700;
	e.has_seq = true;
	e.in_seq = (struct vs_sync_seq) { 1, 2, 3 };
	e.out_seq = (struct vs_sync_seq) { 4, -5, 6 };
	e.pe_data = (const u8 *)"abcd";
	e.pe_data_len = 4;
	e.pe_name = (const u8 *)"sip";
	e.pe_name_len = 3;
	vs_wire_begin(&m, buf, sizeof(buf), 1, 0);
	CHECK(vs_wire_add(&m, &e));
	/* the next entry begins at a multiple of 4 */
	CHECK(vs_wire_add(&m, &e4));
	check_bytes(&m, "00 00 0078 02 01 0000"
		    "00 06 0049 00000700 0001 0401 0050 1f90 00000007 00000384"
		    "0a000001 0a000002 0a000003"
		    "01 18 00000001 00000002 00000003 00000004 fffffffb 00000006"
		    "02 04 61626364 03 03 736970 000000" HEX4);
}

static void wire_version_0(void)
{
	struct vs_sync_entry e = entry4();
	struct vs_wire_msg m;
	u8 buf[256];

	vs_wire_begin(&m, buf, sizeof(buf), 0, 9);
	CHECK(vs_wire_add(&m, &e));
	CHECK(vs_wire_add(&m, &e));
	check_bytes(&m, "02 09 0034"
		    "00 06 0401 0050 1f90 0a000001 0a000002 0a000003 0080 0001"
		    "00 06 0401 0050 1f90 0a000001 0a000002 0a000003 0080 0001");
}

static void wire_full(void)
{
	static u8 buf[65535];
	struct vs_sync_entry e = entry4();
	struct vs_wire_msg m;
	int n = 0;

	vs_wire_begin(&m, buf, 8 + 36 * 3 + 35, 1, 0);
	while (vs_wire_add(&m, &e))
		n++;
	CHECK(n == 3 && m.len == 8 + 36 * 3);

	/* the count has 8 bits */
	vs_wire_begin(&m, buf, sizeof(buf), 1, 0);
	for (n = 0; vs_wire_add(&m, &e);)
		n++;
	CHECK(n == 255 && buf[4] == 255);
}

/* Reads a whole message. Returns the last result. */
static enum vs_wire_result read_all(const u8 *buf, size_t len, int syncid,
				    struct vs_sync_entry *e, int *entries,
				    int *left_out)
{
	struct vs_wire_reader r;
	enum vs_wire_result res = vs_wire_open(&r, buf, len, syncid);

	*entries = *left_out = 0;
	while (res == VS_WIRE_ENTRY || res == VS_WIRE_OPTION) {
		res = vs_wire_next(&r, e);
		*entries += res == VS_WIRE_ENTRY;
		*left_out += res == VS_WIRE_OPTION;
	}
	return res;
}

static void rnd_entry(struct vs_sync_entry *e, u8 version)
{
	static u8 data[VS_WIRE_PE_DATA_MAX], name[VS_WIRE_PE_NAME_MAX];

	rnd_bytes(data, sizeof(data));
	rnd_bytes(name, sizeof(name));
	memset(e, 0, sizeof(*e));
	e->af = version && rnd(2) ? AF_INET6 : AF_INET;
	rnd_bytes(&e->caddr, e->af == AF_INET6 ? 16 : 4);
	rnd_bytes(&e->vaddr, e->af == AF_INET6 ? 16 : 4);
	rnd_bytes(&e->daddr, e->af == AF_INET6 ? 16 : 4);
	e->cport = htons(rnd(65536));
	e->vport = htons(rnd(65536));
	e->dport = htons(rnd(65536));
	e->proto = rnd(256);
	e->state = rnd(65536);
	e->flags = version ? rnd(0) : rnd(65536);
	e->has_seq = version ? rnd(2) : e->flags & 0x600;
	if (e->has_seq) {
		rnd_bytes(&e->in_seq, sizeof(e->in_seq));
		rnd_bytes(&e->out_seq, sizeof(e->out_seq));
	}
	if (!version)
		return;
	e->fwmark = rnd(0);
	e->timeout = rnd(0);
	e->pe_data = data;
	e->pe_data_len = rnd(2) ? rnd(VS_WIRE_PE_DATA_MAX + 1) : 0;
	e->pe_name = name;
	e->pe_name_len = rnd(VS_WIRE_PE_NAME_MAX + 1);
}

static void check_same(const struct vs_sync_entry *a,
		       const struct vs_sync_entry *b)
{
	CHECK(!memcmp(a, b, offsetof(struct vs_sync_entry, pe_data)));
	CHECK(!a->pe_data_len || !memcmp(a->pe_data, b->pe_data, a->pe_data_len));
	CHECK(!a->pe_name_len || !memcmp(a->pe_name, b->pe_name, a->pe_name_len));
}

static void wire_round_trip(void)
{
	struct vs_sync_entry e, got;
	struct vs_wire_msg m;
	int n, out;

	for (int i = 0; i < 20000; i++) {
		u8 version = i & 1, *buf = malloc(ROOM), *exact;

		rnd_entry(&e, version);
		vs_wire_begin(&m, buf, ROOM, version, 1);
		CHECK(vs_wire_add(&m, &e));
		CHECK(m.len == (version ? 8 : 4) + vs_wire_len(&e, version));
		exact = malloc(m.len);
		memcpy(exact, buf, m.len);
		memset(&got, 0xff, sizeof(got));
		CHECK(read_all(exact, m.len, 1, &got, &n, &out) == VS_WIRE_END);
		CHECK(n == 1 && !out);
		check_same(&e, &got);
		free(exact);
		free(buf);
	}
}

static const struct malformed_row {
	const char *what, *hex;
	enum vs_wire_result res;
	int entries, left_out;
} malformed_rows[] = {
	{ "nothing", "", VS_WIRE_SIZE },
	{ "three bytes", "000000", VS_WIRE_SIZE },
	{ "size too large", "00 00 0009 00 01 0000", VS_WIRE_SIZE },
	{ "size too small", "00 00 0007 00 01 0000", VS_WIRE_SIZE },
	{ "other id", "00 02 0008 00 01 0000", VS_WIRE_OTHER_ID },
	{ "no entry", "00 01 0008 00 01 0000", VS_WIRE_END },
	{ "one entry", "00 01 002c 01 01 0000" HEX4, VS_WIRE_END, 1 },
	{ "count too large", "00 01 002c 02 01 0000" HEX4, VS_WIRE_TRUNCATED, 1 },
	{ "count too small", "00 01 0050 01 01 0000" HEX4 HEX4, VS_WIRE_END, 1 },
	{ "entry cut off", "00 01 002b 01 01 0000 00 06 0024 00000080 0001 0401"
	  "0050 1f90 00000007 00000384 0a000001 0a000002 0a0000",
	  VS_WIRE_TRUNCATED },
	{ "entry larger than message", "00 01 002c 01 01 0000"
	  "00 06 0025 00000080 0001 0401 0050 1f90 00000007 00000384"
	  "0a000001 0a000002 0a000003", VS_WIRE_TRUNCATED },
	{ "entry smaller than its type", "00 01 002c 01 01 0000"
	  "00 06 0023 00000080 0001 0401 0050 1f90 00000007 00000384"
	  "0a000001 0a000002 0a000003", VS_WIRE_TRUNCATED },
	{ "IPv6 entry of IPv4's size", "00 01 002c 01 01 0000"
	  "01 06 0024 00000080 0001 0401 0050 1f90 00000007 00000384"
	  "0a000001 0a000002 0a000003", VS_WIRE_TRUNCATED },
	{ "unknown type", "00 01 002c 01 01 0000"
	  "02 06 0024 00000080 0001 0401 0050 1f90 00000007 00000384"
	  "0a000001 0a000002 0a000003", VS_WIRE_TYPE },
	{ "unknown version of an entry", "00 01 002c 01 01 0000"
	  "00 06 1024 00000080 0001 0401 0050 1f90 00000007 00000384"
	  "0a000001 0a000002 0a000003", VS_WIRE_TYPE },
	{ "version 2: taken for version 0, as in ip_vs", "00 01 0008 00 02 0000",
	  VS_WIRE_END },
	{ "version 0 cut off", "01 01 001b 00 06 0401 0050 1f90 0a000001"
	  "0a000002 0a000003 0080 00", VS_WIRE_TRUNCATED },
	{ "version 0 without the sequence numbers of its flags",
	  "01 01 001c 00 06 0401 0050 1f90 0a000001 0a000002 0a000003 0280 0001",
	  VS_WIRE_TRUNCATED },
};

#define OPTIONS_HDR(total) "00 01 " total " 01 01 0000"
#define OPTIONS_ENTRY(size) "00 06 " size " 00000080 0001 0401 0050 1f90" \
	"00000007 00000384 0a000001 0a000002 0a000003"
#define SEQ_HEX "01 18 000000010000000200000003000000040000000500000006"

static const struct malformed_row option_rows[] = {
	{ "option without length", OPTIONS_HDR("002d") OPTIONS_ENTRY("0025") "02",
	  VS_WIRE_TRUNCATED },
	{ "option of no bytes", OPTIONS_HDR("002e") OPTIONS_ENTRY("0026") "0200",
	  VS_WIRE_TRUNCATED },
	{ "option larger than entry", OPTIONS_HDR("0030") OPTIONS_ENTRY("0028")
	  "0203 6162", VS_WIRE_TRUNCATED },
	{ "unknown option", OPTIONS_HDR("0030") OPTIONS_ENTRY("0028") "0502 0000",
	  VS_WIRE_END, 0, 1 },
	{ "unknown optional option", OPTIONS_HDR("0030") OPTIONS_ENTRY("0028")
	  "4502 0000", VS_WIRE_END, 1 },
	{ "entry after one with an unknown option", "00 01 0054 02 01 0000"
	  OPTIONS_ENTRY("0028") "0502 0000" HEX4, VS_WIRE_END, 1, 1 },
	{ "name twice", OPTIONS_HDR("0034") OPTIONS_ENTRY("002c")
	  "0302 6162 0302 6162", VS_WIRE_BAD_OPTION },
	{ "data twice", OPTIONS_HDR("0034") OPTIONS_ENTRY("002c")
	  "0202 6162 0202 6162", VS_WIRE_BAD_OPTION },
	{ "name of 17 bytes", OPTIONS_HDR("003f") OPTIONS_ENTRY("0037")
	  "0311 6162636465666768696a6b6c6d6e6f7071", VS_WIRE_BAD_OPTION },
	{ "sequence numbers of 2 bytes", OPTIONS_HDR("0030")
	  OPTIONS_ENTRY("0028") "0102 0000", VS_WIRE_BAD_OPTION },
	{ "sequence numbers twice", OPTIONS_HDR("0060") OPTIONS_ENTRY("0058")
	  SEQ_HEX SEQ_HEX, VS_WIRE_BAD_OPTION },
};

static void check_rows(const struct malformed_row *row, size_t n)
{
	struct vs_sync_entry e;
	int entries, left_out;

	for (; n--; row++) {
		struct message m = from_hex(row->hex);
		enum vs_wire_result res;

		res = read_all(m.buf, m.len, 1, &e, &entries, &left_out);
		if (res != row->res || entries != row->entries ||
		    left_out != row->left_out)
			FAIL("%s: result %d, %d entries, %d left out",
			     row->what, res, entries, left_out);
		free(m.buf);
	}
}

static void wire_malformed(void)
{
	check_rows(malformed_rows, ARRAY_SIZE(malformed_rows));
	check_rows(option_rows, ARRAY_SIZE(option_rows));
}

/* Messages of which some bytes were changed, cut to any length. */
static void wire_damaged(void)
{
	struct vs_sync_entry e;
	struct vs_wire_msg m;
	int n, out;

	for (int i = 0; i < 50000; i++) {
		u8 *buf = malloc(4 * ROOM), *cut;
		u8 version = rnd(4) > 0;
		size_t len;

		vs_wire_begin(&m, buf, 4 * ROOM, version, 1);
		do
			rnd_entry(&e, version);
		while (vs_wire_add(&m, &e) && rnd(3));
		for (int k = rnd(8); k; k--)
			buf[rnd(rnd(2) ? m.len : 48)] = rnd(256);
		len = rnd(4) ? m.len : rnd(m.len);
		cut = malloc(len ?: 1);
		memcpy(cut, buf, len);
		if (len > 4 && rnd(8)) {
			cut[2] = len >> 8;
			cut[3] = len;
		}
		read_all(cut, len, 0, &e, &n, &out);
		free(cut);
		free(buf);
	}
}

const struct unit_test wire_tests[] = {
	{ "wire_version_0", wire_version_0 },
	{ "wire_version_1", wire_version_1 },
	{ "wire_options", wire_options },
	{ "wire_full", wire_full },
	{ "wire_round_trip", wire_round_trip },
	{ "wire_malformed", wire_malformed },
	{ "wire_damaged", wire_damaged },
	{}
};
