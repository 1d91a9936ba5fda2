// SPDX-License-Identifier: GPL-2.0
#include <crypto/chacha20poly1305.h>
#include <linux/bits.h>
#include <linux/string.h>

#include "compat/unaligned.h"
#include "sync/seal.h"

#define MAGIC		0x57
#define VERSION		2

/* Offsets in the header; the nonce is from OFF_SESSION to the end. */
#define OFF_SYNCID	2
#define OFF_KEY		3
#define OFF_SESSION	4
#define OFF_LANE	20

#define NUMBER_BITS	56

void vs_seal_put_hdr(u8 *buf, const struct vs_seal_hdr *h)
{
	buf[0] = MAGIC;
	buf[1] = VERSION;
	buf[OFF_SYNCID] = h->syncid;
	buf[OFF_KEY] = h->key_id;
	memcpy(buf + OFF_SESSION, h->session, VS_SEAL_SESSION_LEN);
	put_unaligned_be64((u64)h->lane << NUMBER_BITS | h->number,
			   buf + OFF_LANE);
}

bool vs_seal_get_hdr(const u8 *buf, size_t len, struct vs_seal_hdr *h)
{
	u64 number;

	if (len < VS_SEAL_HDR + VS_SEAL_TAG || buf[0] != MAGIC ||
	    buf[1] != VERSION)
		return false;
	h->syncid = buf[OFF_SYNCID];
	h->key_id = buf[OFF_KEY];
	memcpy(h->session, buf + OFF_SESSION, VS_SEAL_SESSION_LEN);
	number = get_unaligned_be64(buf + OFF_LANE);
	h->lane = number >> NUMBER_BITS;
	h->number = number & (BIT_ULL(NUMBER_BITS) - 1);
	return true;
}

void vs_seal_close(u8 *buf, size_t len, const u8 *key)
{
	xchacha20poly1305_encrypt(buf + VS_SEAL_HDR, buf + VS_SEAL_HDR, len,
				  buf, VS_SEAL_HDR, buf + OFF_SESSION, key);
}

bool vs_seal_open(u8 *buf, size_t len, const u8 *key)
{
	return xchacha20poly1305_decrypt(buf + VS_SEAL_HDR, buf + VS_SEAL_HDR,
					 len - VS_SEAL_HDR, buf, VS_SEAL_HDR,
					 buf + OFF_SESSION, key);
}
