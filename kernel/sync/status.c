// SPDX-License-Identifier: GPL-2.0
#include <linux/string.h>

#include "compat/unaligned.h"
#include "sync/status.h"
#include "sync/wire.h"

#define RANGE_LEN	16

size_t vs_status_put(u8 *buf, const struct vs_status *s)
{
	u8 *at = buf + VS_STATUS_LEN;
	unsigned int i;

	buf[0] = VS_WIRE_STATUS;
	buf[1] = s->flags;
	put_unaligned_be16(s->n, buf + 2);
	memcpy(buf + 4, s->to, VS_SEAL_SESSION_LEN);
	put_unaligned_be64(s->echo, buf + 20);
	put_unaligned_be64(s->challenge, buf + 28);
	put_unaligned_be64(s->top, buf + 36);
	put_unaligned_be64(s->oldest, buf + 44);
	put_unaligned_be64(s->base, buf + 52);
	put_unaligned_be32(s->dropped, buf + 60);
	put_unaligned_be32(s->want, buf + 64);
	put_unaligned_be64(s->want_base, buf + 68);
	put_unaligned_be32(s->giving, buf + 76);
	put_unaligned_be64(s->giving_top, buf + 80);
	put_unaligned_be32(s->conns, buf + 88);
	put_unaligned_be32(s->time, buf + 92);
	for (i = 0; i < s->n; i++, at += RANGE_LEN) {
		memset(at, 0, 4);
		at[0] = s->resync[i] ? VS_LANE_RESYNC : VS_LANE_CHANGES;
		put_unaligned_be32(s->range[i].count, at + 4);
		put_unaligned_be64(s->range[i].first, at + 8);
	}
	return at - buf;
}

static bool range_get(const u8 *at, struct vs_status *s, unsigned int i)
{
	s->resync[i] = at[0] == VS_LANE_RESYNC;
	s->range[i].count = get_unaligned_be32(at + 4);
	s->range[i].first = get_unaligned_be64(at + 8);
	return (s->resync[i] || at[0] == VS_LANE_CHANGES) && s->range[i].count;
}

bool vs_status_get(const u8 *buf, size_t len, struct vs_status *s)
{
	unsigned int i;

	if (len < VS_STATUS_LEN || buf[0] != VS_WIRE_STATUS)
		return false;
	s->flags = buf[1];
	s->n = get_unaligned_be16(buf + 2);
	if (s->n > VS_STATUS_RANGES || len != VS_STATUS_LEN + s->n * RANGE_LEN)
		return false;
	memcpy(s->to, buf + 4, VS_SEAL_SESSION_LEN);
	s->echo = get_unaligned_be64(buf + 20);
	s->challenge = get_unaligned_be64(buf + 28);
	s->top = get_unaligned_be64(buf + 36);
	s->oldest = get_unaligned_be64(buf + 44);
	s->base = get_unaligned_be64(buf + 52);
	s->dropped = get_unaligned_be32(buf + 60);
	s->want = get_unaligned_be32(buf + 64);
	s->want_base = get_unaligned_be64(buf + 68);
	s->giving = get_unaligned_be32(buf + 76);
	s->giving_top = get_unaligned_be64(buf + 80);
	s->conns = get_unaligned_be32(buf + 88);
	s->time = get_unaligned_be32(buf + 92);
	for (i = 0; i < s->n; i++)
		if (!range_get(buf + VS_STATUS_LEN + i * RANGE_LEN, s, i))
			return false;
	return true;
}
