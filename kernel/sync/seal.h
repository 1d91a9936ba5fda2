/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_SEAL_H
#define VS_SEAL_H

#include <linux/types.h>

/*
 * The datagrams of the sync protocol's version 2: a header, the encrypted
 * payload, a tag. XChaCha20-Poly1305 as in draft-irtf-cfrg-xchacha-03; the nonce
 * is a part of the header, which is authenticated as a whole.
 */

#define VS_SEAL_KEY_LEN		32
#define VS_SEAL_SESSION_LEN	16
#define VS_SEAL_HDR		28
#define VS_SEAL_TAG		16

/* Lanes: independent sequences of numbers of a session. */
#define VS_LANE_STATUS		0
#define VS_LANE_CHANGES		1
#define VS_LANE_RESYNC		2	/* and above, one for each peer */

/**
 * struct vs_seal_hdr - header of a datagram
 * @syncid:	id of the mesh
 * @key_id:	id of the key
 * @session:	of the sender, random
 * @lane:	VS_LANE_*
 * @number:	of the message in its lane, from 1, 56 bits
 */
struct vs_seal_hdr {
	u8 syncid;
	u8 key_id;
	u8 session[VS_SEAL_SESSION_LEN];
	u8 lane;
	u64 number;
};

/* Writes the VS_SEAL_HDR bytes of a header. */
void vs_seal_put_hdr(u8 *buf, const struct vs_seal_hdr *h);

/* Reads the header of a datagram of @len bytes. Returns false if it is not one of
 * version 2, or too short. */
bool vs_seal_get_hdr(const u8 *buf, size_t len, struct vs_seal_hdr *h);

/* Encrypts in place the payload of @len bytes after the header in @buf, and writes
 * the tag behind. Process context. */
void vs_seal_close(u8 *buf, size_t len, const u8 *key);

/* Decrypts in place the datagram of @len bytes, which vs_seal_get_hdr() has
 * accepted. Returns false if it is not authentic. Process context. */
bool vs_seal_open(u8 *buf, size_t len, const u8 *key);

#endif /* VS_SEAL_H */
