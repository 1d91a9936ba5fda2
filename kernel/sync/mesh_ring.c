// SPDX-License-Identifier: GPL-2.0
/*
 * Messages that were sent and may have to be sent again.
 */
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "sync/mesh_impl.h"

/* A message on its way is not sent again before this time has passed. */
#define AGAIN_TIME	max(HZ / 50, 1)

void vs_mesh_seal(const struct vs_mesh *m, struct vs_mesh_buf *b, u8 lane,
		  u64 number)
{
	struct vs_seal_hdr h = {
		.syncid = m->conf.sock.syncid,
		.key_id = m->keys.id[0],
		.lane = lane,
		.number = number,
	};

	memcpy(h.session, m->session, VS_SEAL_SESSION_LEN);
	vs_seal_put_hdr(b->data, &h);
	vs_seal_close(b->data, b->msg.len, m->keys.secret[0]);
	b->len = VS_SEAL_HDR + b->msg.len + VS_SEAL_TAG;
}

const u8 *vs_mesh_key(const struct vs_mesh_keys *keys, u8 id)
{
	unsigned int i;

	for (i = 0; i < keys->n; i++)
		if (keys->id[i] == id)
			return keys->secret[i];
	return NULL;
}

/* The nonce stays, as the key is another one. */
void vs_mesh_ring_reseal(struct vs_mesh_ring *r, const struct vs_mesh_keys *old,
			 const struct vs_mesh_keys *keys)
{
	struct vs_seal_hdr h;
	const u8 *key;
	unsigned int i;

	for (i = 0; i < VS_MESH_RING; i++) {
		struct vs_mesh_buf *b = r->buf[i];

		if (!b || !vs_seal_get_hdr(b->data, b->len, &h))
			continue;
		key = vs_mesh_key(old, h.key_id);
		if (!key || !vs_seal_open(b->data, b->len, key))
			continue;
		h.key_id = keys->id[0];
		vs_seal_put_hdr(b->data, &h);
		vs_seal_close(b->data, b->len - VS_SEAL_HDR - VS_SEAL_TAG,
			      keys->secret[0]);
	}
}

void vs_mesh_ring_add(struct vs_mesh_ring *r, struct vs_mesh_buf *b)
{
	struct vs_mesh_buf **slot = &r->buf[++r->top % VS_MESH_RING];

	kfree(*slot);
	*slot = b;
	b->sent_at = jiffies;
}

void vs_mesh_ring_free(struct vs_mesh_ring *r)
{
	unsigned int i;

	for (i = 0; i < VS_MESH_RING; i++) {
		kfree(r->buf[i]);
		r->buf[i] = NULL;
	}
}

u64 vs_mesh_ring_oldest(const struct vs_mesh_ring *r)
{
	return r->top < VS_MESH_RING ? 1 : r->top - VS_MESH_RING + 1;
}

struct vs_mesh_buf *vs_mesh_ring_again(struct vs_mesh_ring *r, u64 number)
{
	struct vs_mesh_buf *b;

	if (number < vs_mesh_ring_oldest(r) || number > r->top)
		return NULL;
	b = r->buf[number % VS_MESH_RING];
	if (!b || time_before(jiffies, b->sent_at + AGAIN_TIME))
		return NULL;
	b->sent_at = jiffies;
	return b;
}
