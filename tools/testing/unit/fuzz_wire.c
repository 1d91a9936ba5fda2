// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer target for kernel/sync/{wire,status}.c: reads any message, and checks
 * that each entry, or a status, is written as it was read.
 *
 * The first byte is the sync id that the reader accepts; 2 is for payloads of
 * version 2.
 */
#include "sync/status.h"
#include "sync/wire.h"

static void check(bool ok)
{
	if (!ok)
		__builtin_trap();
}

static void check_entry(const struct vs_sync_entry *e, u8 version)
{
	static u8 buf[VS_WIRE_HDR1 + VS_WIRE_MAX_ENTRY];
	struct vs_sync_entry again;
	struct vs_wire_reader r;
	struct vs_wire_msg m;

	if (version == 2)
		vs_wire_begin2(&m, buf, sizeof(buf), VS_WIRE_CHANGES,
			       VS_WIRE_HDR2);
	else
		vs_wire_begin(&m, buf, sizeof(buf), version, 1);
	check(vs_wire_add(&m, e));
	check((version == 2 ? vs_wire_open2(&r, buf, m.len, VS_WIRE_HDR2) :
	       vs_wire_open(&r, buf, m.len, 1)) == VS_WIRE_ENTRY);
	check(vs_wire_next(&r, &again) == VS_WIRE_ENTRY);
	check(!memcmp(e, &again, offsetof(struct vs_sync_entry, pe_data)));
	check(vs_wire_next(&r, &again) == VS_WIRE_END);
}

static void check_status(const u8 *buf, size_t len)
{
	struct vs_status s, again;
	u8 out[VS_STATUS_MAX];

	if (!vs_status_get(buf, len, &s))
		return;
	check(vs_status_put(out, &s) == len);
	check(vs_status_get(out, len, &again));
	check(again.challenge == s.challenge && again.n == s.n &&
	      again.conns == s.conns);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	enum vs_wire_result res;
	struct vs_wire_reader r;
	struct vs_sync_entry e;

	if (!len)
		return 0;
	if (data[0] == 2) {
		check_status(data + 1, len - 1);
		res = vs_wire_open2(&r, data + 1, len - 1, VS_WIRE_HDR2);
	} else {
		res = vs_wire_open(&r, data + 1, len - 1, data[0]);
	}
	while (res == VS_WIRE_ENTRY || res == VS_WIRE_OPTION) {
		res = vs_wire_next(&r, &e);
		if (res == VS_WIRE_ENTRY)
			check_entry(&e, r.version);
	}
	return 0;
}
