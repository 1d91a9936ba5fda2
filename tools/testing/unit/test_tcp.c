// SPDX-License-Identifier: GPL-2.0
/*
 * kernel/conn/tcp_state.c against the state tables of the kernel's ip_vs as
 * they are documented: a row for each event, a column for each current state.
 */
#include "conn/proto.h"
#include "path/pkt.h"
#include "unit.h"

#define COLUMNS "NO ES SS SR FW TW CL CW LA LI SA"

static const char *const abbreviation[VS_TCP_S_MAX] = {
	"NO", "ES", "SS", "SR", "FW", "TW", "CL", "CW", "LA", "LI", "SA",
};

struct event_row {
	enum vs_state_dir row;
	u8 flags;
	const char *next;
};

static const struct event_row normal_rows[] = {
	{ VS_STATE_INPUT, VS_TCP_SYN, "SR ES ES SR SR SR SR SR SR SR SR" },
	{ VS_STATE_INPUT, VS_TCP_FIN, "CL CW SS TW TW TW CL CW LA LI TW" },
	{ VS_STATE_INPUT, VS_TCP_ACK, "ES ES SS ES FW TW CL CW CL LI ES" },
	{ VS_STATE_INPUT, VS_TCP_RST, "CL CL CL SR CL CL CL CL LA LI SR" },
	{ VS_STATE_OUTPUT, VS_TCP_SYN, "SS ES SS SR SS SS SS SS SS LI SR" },
	{ VS_STATE_OUTPUT, VS_TCP_FIN, "TW FW SS TW FW TW CL TW LA LI TW" },
	{ VS_STATE_OUTPUT, VS_TCP_ACK, "ES ES SS ES FW TW CL CW LA ES ES" },
	{ VS_STATE_OUTPUT, VS_TCP_RST, "CL CL SS CL CL TW CL CL CL CL CL" },
	{ VS_STATE_INPUT_ONLY, VS_TCP_SYN, "SR ES ES SR SR SR SR SR SR SR SR" },
	{ VS_STATE_INPUT_ONLY, VS_TCP_FIN, "CL FW SS TW FW TW CL CW LA LI TW" },
	{ VS_STATE_INPUT_ONLY, VS_TCP_ACK, "ES ES SS ES FW TW CL CW CL LI ES" },
	{ VS_STATE_INPUT_ONLY, VS_TCP_RST, "CL CL CL SR CL CL CL CL LA LI CL" },
};

/* secure_tcp: "--" where the table does not differ from the normal one. */
static const struct event_row secure_rows[] = {
	{ VS_STATE_INPUT, VS_TCP_SYN, "-- -- -- -- -- -- -- -- -- -- SA" },
	{ VS_STATE_INPUT, VS_TCP_FIN, "-- -- -- -- -- -- -- -- -- -- SA" },
	{ VS_STATE_INPUT, VS_TCP_ACK, "-- -- -- SR -- -- -- -- -- -- SA" },
	{ VS_STATE_INPUT, VS_TCP_RST, "-- -- -- -- -- -- -- -- -- -- CL" },
	{ VS_STATE_OUTPUT, VS_TCP_SYN, "-- -- -- SA -- -- -- -- -- -- SA" },
	{ VS_STATE_INPUT_ONLY, VS_TCP_SYN, "SA -- -- -- SA SA SA SA SA SA SA" },
};

static u8 state_of(const char *two)
{
	u8 s;

	for (s = 0; s < VS_TCP_S_MAX; s++)
		if (!memcmp(abbreviation[s], two, 2))
			return s;
	FAIL("no such state: %.2s", two);
}

static const struct event_row *find_row(const struct event_row *rows,
					unsigned int n, enum vs_state_dir row,
					u8 flags)
{
	while (n--)
		if (rows[n].row == row && rows[n].flags == flags)
			return &rows[n];
	return NULL;
}

static u8 expected(bool secure, enum vs_state_dir row, u8 event, u8 state)
{
	const struct event_row *r;
	unsigned int column = 0;

	while (state_of(COLUMNS + 3 * column) != state)
		column++;
	if (secure) {
		r = find_row(secure_rows, ARRAY_SIZE(secure_rows), row, event);
		if (r && r->next[3 * column] != '-')
			return state_of(r->next + 3 * column);
	}
	r = find_row(normal_rows, ARRAY_SIZE(normal_rows), row, event);
	CHECK(r);
	return state_of(r->next + 3 * column);
}

/* The flag that decides: the first one in this order that is set. */
static u8 deciding(u8 flags)
{
	static const u8 order[] = {
		VS_TCP_RST, VS_TCP_SYN, VS_TCP_FIN, VS_TCP_ACK,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(order); i++)
		if (flags & order[i])
			return order[i];
	return 0;
}

static void check_table(bool secure)
{
	unsigned int flags;
	int row;
	u8 s;

	for (row = VS_STATE_INPUT; row <= VS_STATE_INPUT_ONLY; row++) {
		for (flags = 0; flags < 256; flags++) {
			u8 event = deciding(flags);

			for (s = 0; s < VS_TCP_S_MAX; s++) {
				u8 want = event ? expected(secure, row, event, s) :
						  VS_TCP_S_CLOSE;
				u8 got = vs_tcp_next(secure, row, flags, s);

				if (got != want)
					FAIL("secure %d row %d flags %#x %s: %s, not %s",
					     secure, row, flags,
					     vs_tcp_state_name(s),
					     vs_tcp_state_name(got),
					     vs_tcp_state_name(want));
			}
		}
	}
}

static void normal_table(void)
{
	check_table(false);
}

static void secure_table(void)
{
	check_table(true);
}

static void unknown_state(void)
{
	unsigned int s;

	for (s = VS_TCP_S_MAX; s < 256; s++) {
		CHECK(vs_tcp_next(false, VS_STATE_INPUT, VS_TCP_ACK, s) ==
		      VS_TCP_S_CLOSE);
		CHECK(!strcmp(vs_tcp_state_name(s), "ERR!"));
		CHECK(!vs_tcp_active(s));
	}
}

static void names_and_activity(void)
{
	static const struct {
		const char *name;
		bool active;
	} want[VS_TCP_S_MAX] = {
		{ "NONE", false }, { "ESTABLISHED", true }, { "SYN_SENT", true },
		{ "SYN_RECV", true }, { "FIN_WAIT", false },
		{ "TIME_WAIT", false }, { "CLOSE", false },
		{ "CLOSE_WAIT", false }, { "LAST_ACK", false },
		{ "LISTEN", false }, { "SYNACK", true },
	};
	u8 s;

	for (s = 0; s < VS_TCP_S_MAX; s++) {
		CHECK(!strcmp(vs_tcp_state_name(s), want[s].name));
		CHECK(vs_tcp_active(s) == want[s].active);
	}
}

const struct unit_test tcp_tests[] = {
	{ "tcp_normal_table", normal_table },
	{ "tcp_secure_table", secure_table },
	{ "tcp_unknown_state", unknown_state },
	{ "tcp_names_and_activity", names_and_activity },
	{}
};
