// SPDX-License-Identifier: GPL-2.0
/*
 * kernel/sync/{window,status}.c and the payloads of version 2 in wire.c: numbers
 * accepted once, against a model; bytes on the wire; malformed statuses.
 */
#include <linux/ip_vs.h>

#include "app/seqmap.h"
#include "sync/status.h"
#include "sync/wire.h"
#include "unit.h"

/* numbers of the model */
#define NUMBERS	20000

struct model {
	bool got[NUMBERS + 1];
	u64 base;
	u64 lost;
};

static void model_settle(struct model *o)
{
	while (o->base < NUMBERS && o->got[o->base + 1])
		o->base++;
}

static void model_give_up(struct model *o, u64 upto)
{
	while (o->base < upto)
		if (!o->got[++o->base]) {
			o->got[o->base] = true;
			o->lost++;
		}
	model_settle(o);
}

static bool model_accept(struct model *o, u64 n)
{
	if (!n || o->got[n] || n <= o->base)
		return false;
	if (n > o->base + VS_WINDOW_SIZE)
		model_give_up(o, n - VS_WINDOW_SIZE);
	o->got[n] = true;
	model_settle(o);
	return true;
}

static void check_missing(const struct vs_window *w, const struct model *o,
			  u64 upto)
{
	struct vs_window_range range[8];
	u64 want = o->base;
	unsigned int n = vs_window_missing(w, upto, range, ARRAY_SIZE(range));

	for (unsigned int i = 0; i < n; i++)
		for (u32 k = 0; k < range[i].count; k++) {
			do
				want++;
			while (want <= NUMBERS && o->got[want]);
			if (range[i].first + k != want || want > upto)
				FAIL("range %u: %lu is missing, not %lu", i,
				     want, range[i].first + k);
		}
	if (n == ARRAY_SIZE(range))
		return;
	while (++want <= upto)
		if (!o->got[want])
			FAIL("%lu is missing, and not listed", want);
}

static void window_model(void)
{
	struct model *o = calloc(1, sizeof(*o));
	struct vs_window w;
	u64 top = 0, n;

	vs_window_start(&w, 0);
	while (top < NUMBERS - 3 * VS_WINDOW_SIZE) {
		switch (rnd(20)) {
		case 0:
			n = top + rnd(rnd(100) ? 40 : 2 * VS_WINDOW_SIZE);
			break;
		case 1:
			n = rnd(top + 1);
			break;
		case 2:
			n = o->base + rnd(rnd(10) ? 4 : 1000);
			vs_window_give_up(&w, n);
			model_give_up(o, n);
			top = max(top, n);
			continue;
		default:
			n = rnd(3) ? top + 1 : o->base + rnd(30);
		}
		top = max(top, n);
		if (vs_window_accept(&w, n) != model_accept(o, n))
			FAIL("number %lu: %s", n,
			     o->got[n] ? "accepted twice" : "refused");
		if (w.base != o->base || w.lost != o->lost || w.top < w.base)
			FAIL("after %lu: base %lu, not %lu; lost %lu, not %lu",
			     n, w.base, o->base, w.lost, o->lost);
		if (!rnd(50))
			check_missing(&w, o, top + rnd(20));
	}
	free(o);
}

/* The first number is not known, and numbers are near their end. */
static void window_edges(void)
{
	struct vs_window_range range[2];
	u64 end = (1ULL << 56) - 1;
	struct vs_window w;

	vs_window_start(&w, 5000);
	CHECK(!vs_window_accept(&w, 0));
	CHECK(!vs_window_accept(&w, 5000));
	CHECK(vs_window_accept(&w, 5001) && w.base == 5001);
	CHECK(vs_window_accept(&w, end) && w.lost);
	CHECK(w.base == end - VS_WINDOW_SIZE && w.top == end);
	CHECK(!vs_window_accept(&w, end));
	vs_window_give_up(&w, ~0ULL);
	CHECK(!vs_window_accept(&w, end) && w.base == ~0ULL);
	vs_window_start(&w, 0);
	CHECK(vs_window_missing(&w, ~0ULL, range, 2) == 1);
	CHECK(range[0].first == 1 && range[0].count);
	CHECK(!vs_window_missing(&w, 0, range, 2));
}

static void status_bytes(void)
{
	struct vs_status s = {
		.flags = VS_STATUS_IN_SYNC, .echo = 0x0102, .challenge = 0x0304,
		.top = 0x0506, .oldest = 7, .base = 8, .dropped = 9, .want = 10,
		.want_base = 11, .giving = 12, .giving_top = 13, .conns = 14,
		.time = 19, .n = 2, .resync = { false, true },
		.range = { { 15, 16 }, { 17, 18 } },
	}, again = {};
	u8 buf[VS_STATUS_MAX];

	memset(s.to, 0xaa, sizeof(s.to));
	CHECK(vs_status_put(buf, &s) == VS_STATUS_LEN + 32);
	CHECK(buf[0] == 1 && buf[1] == 2 && buf[3] == 2 && buf[4] == 0xaa);
	CHECK(buf[26] == 1 && buf[27] == 2 && buf[34] == 3 && buf[42] == 5);
	CHECK(buf[51] == 7 && buf[59] == 8 && buf[63] == 9 && buf[67] == 10);
	CHECK(buf[75] == 11 && buf[79] == 12 && buf[87] == 13 && buf[91] == 14);
	CHECK(buf[95] == 19 && buf[96] == 1 && buf[103] == 16 && buf[111] == 15);
	CHECK(buf[112] == 2 && buf[119] == 18 && buf[127] == 17);
	CHECK(vs_status_get(buf, VS_STATUS_LEN + 32, &again));
	CHECK(!memcmp(s.to, again.to, sizeof(s.to)) && again.echo == s.echo &&
	      again.challenge == s.challenge && again.top == s.top &&
	      again.range[1].first == 17 && again.resync[1]);
}

static void status_malformed(void)
{
	struct vs_status s = { .n = VS_STATUS_RANGES }, again;
	u8 buf[VS_STATUS_MAX];
	size_t len;

	for (int i = 0; i < VS_STATUS_RANGES; i++)
		s.range[i].count = 1;
	len = vs_status_put(buf, &s);
	CHECK(len == VS_STATUS_MAX);
	for (size_t cut = 0; cut < len; cut++) {
		u8 *part = malloc(cut ?: 1);

		memcpy(part, buf, cut);
		CHECK(!vs_status_get(part, cut, &again));
		free(part);
	}
	CHECK(vs_status_get(buf, len, &again));
	buf[3]++;
	CHECK(!vs_status_get(buf, len, &again));
	buf[3]--;
	buf[96] = 3;		/* no such lane */
	CHECK(!vs_status_get(buf, len, &again));
	buf[96] = 1;
	buf[103] = 0;		/* an empty range */
	CHECK(!vs_status_get(buf, len, &again));
	buf[103] = 1;
	buf[0] = 2;
	CHECK(!vs_status_get(buf, len, &again));
}

/* Entries of version 2: the time, then an entry at a multiple of 4. */
static void entries_version_2(void)
{
	struct vs_sync_entry e = {
		.af = AF_INET, .proto = IPPROTO_TCP, .time = 0x01020304,
		.flags = VS_WIRE_REMOVED, .pe_data = (const u8 *)"abc",
		.pe_data_len = 3,
	}, again;
	struct vs_wire_reader r;
	struct vs_wire_msg m;
	u8 buf[256];

	vs_wire_begin2(&m, buf, sizeof(buf), VS_WIRE_CHANGES, VS_WIRE_HDR2);
	CHECK(vs_wire_add(&m, &e) && vs_wire_add(&m, &e));
	CHECK(m.len == 4 + 4 + 36 + 5 + 3 + 4 + 36 + 5);
	CHECK(buf[0] == VS_WIRE_CHANGES && buf[3] == 2 && buf[4] == 1 &&
	      buf[7] == 4);
	CHECK(vs_wire_open2(&r, buf, m.len, VS_WIRE_HDR2) == VS_WIRE_ENTRY);
	for (int i = 0; i < 2; i++) {
		CHECK(vs_wire_next(&r, &again) == VS_WIRE_ENTRY);
		CHECK(again.time == e.time && again.flags == e.flags &&
		      again.pe_data_len == 3);
	}
	CHECK(vs_wire_next(&r, &again) == VS_WIRE_END);
	CHECK(vs_wire_open2(&r, buf, 3, VS_WIRE_HDR2) == VS_WIRE_SIZE);
	for (size_t len = VS_WIRE_HDR2; len < m.len; len++) {
		u8 *cut = malloc(len);
		enum vs_wire_result res;

		memcpy(cut, buf, len);
		res = vs_wire_open2(&r, cut, len, VS_WIRE_HDR2);
		while (res == VS_WIRE_ENTRY)
			res = vs_wire_next(&r, &again);
		CHECK(res == VS_WIRE_TRUNCATED);
		free(cut);
	}
}

/* A stream goes on at another director: what is new is shifted alike. */
static void seqmap_resumed(void)
{
	for (int round = 0; round < 2000; round++) {
		struct vs_seqmap m = {}, again;
		s32 shift, before;
		u32 seq = rnd(0), end;

		CHECK(!vs_seqmap_last(&m, &end, &shift, &before));
		for (int i = 1 + rnd(6); i--;) {
			u32 start = seq + rnd(100), len = 1 + rnd(20);

			vs_seqmap_pass(&m, start);
			CHECK(vs_seqmap_add(&m, start, start + len, 'x',
					    "123456789012345678901234",
					    1 + rnd(24)));
			seq = start + len;
		}
		if (rnd(2))
			vs_seqmap_hold(&m, seq, seq + 3, 'x');
		CHECK(vs_seqmap_last(&m, &end, &shift, &before));
		CHECK(end == seq);
		vs_seqmap_resume(&again, end, shift, before);
		CHECK(vs_seqmap_seq(&again, end - 1) == end - 1 + before);
		for (u32 n = 0; n < 200; n++) {
			u32 at = end + n;

			CHECK(vs_seqmap_seq(&again, at) == at + shift);
			CHECK(vs_seqmap_ack(&again, at + shift, rnd(2)) == at);
		}
		CHECK(!vs_seqmap_add(&again, end - 1, end + 1, 'x', "y", 1));
		CHECK(vs_seqmap_add(&again, end + 5, end + 8, 'x', "y", 1));
		CHECK(vs_seqmap_seq(&again, end + 8) == end + 8 + shift - 2);
	}
}

const struct unit_test mesh_tests[] = {
	{ "seqmap_resumed", seqmap_resumed },
	{ "window_model", window_model },
	{ "window_edges", window_edges },
	{ "status_bytes", status_bytes },
	{ "status_malformed", status_malformed },
	{ "entries_version_2", entries_version_2 },
	{}
};
