// SPDX-License-Identifier: GPL-2.0
/*
 * The sync protocol on the wire: versions 0 and 1, and the entries of version 2.
 *
 * Version 0		bytes 0 count of entries, 1 sync id, 2-3 size
 *  entry	24	0 zero, 1 protocol, 2 client port, 4 virtual port, 6 server
 *			port, 8 client, 12 virtual, 16 server address, 20 flags, 22
 *			state; followed by 24 bytes of sequence numbers in the
 *			sender's byte order if the flags say so
 *
 * Version 1		bytes 0 zero, 1 sync id, 2-3 size, 4 count, 5 version 1, 6-7
 *			zero
 *  entry	36, 72	0 type (1: IPv6), 1 protocol, 2-3 version 0 (4 bits) and
 *			size with options (12 bits), 4 flags, 8 state, 10 client
 *			port, 12 virtual port, 14 server port, 16 mark, 20 timeout
 *			in seconds, 24 client, virtual, server address
 *  option		0 type, 1 length, 2 data
 *
 * Version 2		bytes 0 type, 1 flags, 2-3 count
 *  entry		0 time of the change, 4 entry as in version 1
 *
 * An entry of version 1 or 2 begins at a multiple of 4 bytes. All numbers are in
 * network order.
 */
#include <linux/ip_vs.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "sync/wire.h"

#define ENTRY0_LEN	24
#define ENTRY4_LEN	36
#define ENTRY6_LEN	72
#define TIME_LEN	4

#define SIZE_MASK	0x0fff
#define TYPE_IPV6	0x01

#define OPT_SEQ		1
#define OPT_PE_DATA	2
#define OPT_PE_NAME	3
#define OPT_OPTIONAL	0x40	/* to be skipped if it is unknown */

#define FLAGS_SEQ	(IP_VS_CONN_F_IN_SEQ | IP_VS_CONN_F_OUT_SEQ)

static void put_u16(u8 *at, u16 v)
{
	__be16 be = htons(v);

	memcpy(at, &be, sizeof(be));
}

static void put_u32(u8 *at, u32 v)
{
	__be32 be = htonl(v);

	memcpy(at, &be, sizeof(be));
}

static void put_port(u8 *at, __be16 port)
{
	memcpy(at, &port, sizeof(port));
}

static u16 get_u16(const u8 *at)
{
	return at[0] << 8 | at[1];
}

static u32 get_u32(const u8 *at)
{
	return (u32)get_u16(at) << 16 | get_u16(at + 2);
}

static __be16 get_port(const u8 *at)
{
	return htons(get_u16(at));
}

static void put_seq_be(u8 *at, const struct vs_sync_seq *seq)
{
	put_u32(at, seq->init);
	put_u32(at + 4, seq->delta);
	put_u32(at + 8, seq->prev_delta);
}

static void get_seq_be(const u8 *at, struct vs_sync_seq *seq)
{
	seq->init = get_u32(at);
	seq->delta = get_u32(at + 4);
	seq->prev_delta = get_u32(at + 8);
}

static u8 *put_option(u8 *at, u8 type, const void *data, u8 len)
{
	*at++ = type;
	*at++ = len;
	memcpy(at, data, len);
	return at + len;
}

static u8 *put_addr(u8 *at, u8 af, const union nf_inet_addr *addr)
{
	size_t len = af == AF_INET6 ? sizeof(addr->in6) : sizeof(addr->ip);

	memcpy(at, addr, len);
	return at + len;
}

static const u8 *get_addr(const u8 *at, u8 af, union nf_inet_addr *addr)
{
	size_t len = af == AF_INET6 ? sizeof(addr->in6) : sizeof(addr->ip);

	memcpy(addr, at, len);
	return at + len;
}

static size_t entry0_len(u32 flags)
{
	return ENTRY0_LEN + (flags & FLAGS_SEQ ? VS_WIRE_SEQ_LEN : 0);
}

static size_t entry1_len(const struct vs_sync_entry *e)
{
	size_t len = e->af == AF_INET6 ? ENTRY6_LEN : ENTRY4_LEN;

	if (e->has_seq)
		len += 2 + VS_WIRE_SEQ_LEN;
	if (e->pe_data_len)
		len += 2 + e->pe_data_len;
	if (e->pe_name_len)
		len += 2 + e->pe_name_len;
	return len;
}

u16 vs_wire_len(const struct vs_sync_entry *e, u8 version)
{
	return version == 2 ? TIME_LEN + entry1_len(e) :
	       version ? entry1_len(e) : entry0_len(e->flags);
}

static void entry0_put(u8 *at, const struct vs_sync_entry *e)
{
	at[0] = 0;
	at[1] = e->proto;
	put_port(at + 2, e->cport);
	put_port(at + 4, e->vport);
	put_port(at + 6, e->dport);
	at = put_addr(at + 8, AF_INET, &e->caddr);
	at = put_addr(at, AF_INET, &e->vaddr);
	at = put_addr(at, AF_INET, &e->daddr);
	put_u16(at, e->flags);
	put_u16(at + 2, e->state);
	if (!(e->flags & FLAGS_SEQ))
		return;
	/* as the kernel's ip_vs: the sender's byte order */
	memcpy(at + 4, &e->in_seq, sizeof(e->in_seq));
	memcpy(at + 4 + sizeof(e->in_seq), &e->out_seq, sizeof(e->out_seq));
}

static void entry1_put(u8 *at, const struct vs_sync_entry *e, size_t len)
{
	u8 seq[VS_WIRE_SEQ_LEN];

	at[0] = e->af == AF_INET6 ? TYPE_IPV6 : 0;
	at[1] = e->proto;
	put_u16(at + 2, len & SIZE_MASK);
	put_u32(at + 4, e->flags);
	put_u16(at + 8, e->state);
	put_port(at + 10, e->cport);
	put_port(at + 12, e->vport);
	put_port(at + 14, e->dport);
	put_u32(at + 16, e->fwmark);
	put_u32(at + 20, e->timeout);
	at = put_addr(at + 24, e->af, &e->caddr);
	at = put_addr(at, e->af, &e->vaddr);
	at = put_addr(at, e->af, &e->daddr);
	if (e->has_seq) {
		put_seq_be(seq, &e->in_seq);
		put_seq_be(seq + VS_WIRE_SEQ_LEN / 2, &e->out_seq);
		at = put_option(at, OPT_SEQ, seq, sizeof(seq));
	}
	if (e->pe_data_len)
		at = put_option(at, OPT_PE_DATA, e->pe_data, e->pe_data_len);
	if (e->pe_name_len)
		put_option(at, OPT_PE_NAME, e->pe_name, e->pe_name_len);
}

void vs_wire_begin(struct vs_wire_msg *m, u8 *buf, u16 room, u8 version,
		   u8 syncid)
{
	*m = (struct vs_wire_msg) {
		.buf = buf,
		.len = version ? VS_WIRE_HDR1 : VS_WIRE_HDR0,
		.room = room,
		.version = version,
	};
	memset(buf, 0, m->len);
	buf[1] = syncid;
	put_u16(buf + 2, m->len);
	if (version)
		buf[5] = version;
}

void vs_wire_begin2(struct vs_wire_msg *m, u8 *buf, u16 room, u8 type, u8 hdr)
{
	*m = (struct vs_wire_msg) {
		.buf = buf,
		.len = hdr,
		.room = room,
		.version = 2,
	};
	memset(buf, 0, hdr);
	buf[0] = type;
}

static void entry_put(u8 *at, const struct vs_sync_entry *e, u8 version,
		      size_t len)
{
	switch (version) {
	case 0:
		entry0_put(at, e);
		break;
	case 1:
		entry1_put(at, e, len);
		break;
	default:
		put_u32(at, e->time);
		entry1_put(at + TIME_LEN, e, len - TIME_LEN);
	}
}

/* Writes the number of entries, and the size if the version has that. */
static void msg_count(struct vs_wire_msg *m)
{
	put_u16(m->buf + 2, m->version == 2 ? m->entries : m->len);
	if (m->version < 2)
		m->buf[m->version ? 4 : 0] = m->entries;
}

bool vs_wire_add(struct vs_wire_msg *m, const struct vs_sync_entry *e)
{
	size_t pad = m->version ? -m->len & 3 : 0;
	size_t len = vs_wire_len(e, m->version);
	u8 *at = m->buf + m->len;

	if (m->entries == VS_WIRE_MAX_ENTRIES || m->len + pad + len > m->room)
		return false;
	memset(at, 0, pad);
	entry_put(at + pad, e, m->version, len);
	m->len += pad + len;
	m->entries++;
	msg_count(m);
	return true;
}

enum vs_wire_result vs_wire_open(struct vs_wire_reader *r, const u8 *buf,
				 size_t len, int syncid)
{
	if (len < VS_WIRE_HDR0 || get_u16(buf + 2) != len)
		return VS_WIRE_SIZE;
	if (syncid && buf[1] != syncid)
		return VS_WIRE_OTHER_ID;
	r->end = buf + len;
	r->version = len >= VS_WIRE_HDR1 && !buf[0] && buf[5] == 1 &&
		     !buf[6] && !buf[7];
	r->left = buf[r->version ? 4 : 0];
	r->at = buf + (r->version ? VS_WIRE_HDR1 : VS_WIRE_HDR0);
	return VS_WIRE_ENTRY;
}

enum vs_wire_result vs_wire_open2(struct vs_wire_reader *r, const u8 *buf,
				  size_t len, u8 hdr)
{
	if (len < hdr)
		return VS_WIRE_SIZE;
	*r = (struct vs_wire_reader) {
		.at = buf + hdr,
		.end = buf + len,
		.version = 2,
		.left = get_u16(buf + 2),
	};
	return VS_WIRE_ENTRY;
}

static enum vs_wire_result entry0_get(struct vs_wire_reader *r,
				      struct vs_sync_entry *e)
{
	const u8 *at = r->at;
	size_t left = r->end - at;

	if (left < ENTRY0_LEN)
		return VS_WIRE_TRUNCATED;
	e->af = AF_INET;
	e->proto = at[1];
	e->cport = get_port(at + 2);
	e->vport = get_port(at + 4);
	e->dport = get_port(at + 6);
	at = get_addr(at + 8, AF_INET, &e->caddr);
	at = get_addr(at, AF_INET, &e->vaddr);
	at = get_addr(at, AF_INET, &e->daddr);
	e->flags = get_u16(at);
	e->state = get_u16(at + 2);
	if (left < entry0_len(e->flags))
		return VS_WIRE_TRUNCATED;
	if (e->flags & FLAGS_SEQ) {
		e->has_seq = true;
		memcpy(&e->in_seq, at + 4, sizeof(e->in_seq));
		memcpy(&e->out_seq, at + 4 + sizeof(e->in_seq),
		       sizeof(e->out_seq));
	}
	r->at += entry0_len(e->flags);
	return VS_WIRE_ENTRY;
}

/* Reads the option of @type at @at. */
static enum vs_wire_result option_get(struct vs_sync_entry *e, u8 type,
				      const u8 *at, u8 len)
{
	switch (type & ~OPT_OPTIONAL) {
	case OPT_SEQ:
		if (len != VS_WIRE_SEQ_LEN || e->has_seq)
			return VS_WIRE_BAD_OPTION;
		e->has_seq = true;
		get_seq_be(at, &e->in_seq);
		get_seq_be(at + VS_WIRE_SEQ_LEN / 2, &e->out_seq);
		return VS_WIRE_ENTRY;
	case OPT_PE_DATA:
		if (e->pe_data_len)
			return VS_WIRE_BAD_OPTION;
		e->pe_data = at;
		e->pe_data_len = len;
		return VS_WIRE_ENTRY;
	case OPT_PE_NAME:
		if (len > VS_WIRE_PE_NAME_MAX || e->pe_name_len)
			return VS_WIRE_BAD_OPTION;
		e->pe_name = at;
		e->pe_name_len = len;
		return VS_WIRE_ENTRY;
	}
	return type & OPT_OPTIONAL ? VS_WIRE_ENTRY : VS_WIRE_OPTION;
}

static enum vs_wire_result options_get(struct vs_sync_entry *e, const u8 *at,
				       const u8 *end)
{
	enum vs_wire_result res = VS_WIRE_ENTRY;

	while (at < end && res == VS_WIRE_ENTRY) {
		u8 type, len;

		if (end - at < 2)
			return VS_WIRE_TRUNCATED;
		type = *at++;
		len = *at++;
		if (!len || len > end - at)
			return VS_WIRE_TRUNCATED;
		res = option_get(e, type, at, len);
		at += len;
	}
	return res;
}

static enum vs_wire_result entry1_get(struct vs_wire_reader *r,
				      struct vs_sync_entry *e)
{
	const u8 *at = r->at;
	size_t left = r->end - at, size;
	const u8 *end;

	if (left < ENTRY4_LEN)
		return VS_WIRE_TRUNCATED;
	size = get_u16(at + 2);
	if (size & ~SIZE_MASK)
		return VS_WIRE_TYPE;
	if (at[0] & ~TYPE_IPV6)
		return VS_WIRE_TYPE;
	e->af = at[0] ? AF_INET6 : AF_INET;
	if (size > left || size < (at[0] ? ENTRY6_LEN : ENTRY4_LEN))
		return VS_WIRE_TRUNCATED;
	end = at + size;
	/* the padding of the last entry may be missing */
	r->at += min(ALIGN(size, 4), left);
	e->proto = at[1];
	e->flags = get_u32(at + 4);
	e->state = get_u16(at + 8);
	e->cport = get_port(at + 10);
	e->vport = get_port(at + 12);
	e->dport = get_port(at + 14);
	e->fwmark = get_u32(at + 16);
	e->timeout = get_u32(at + 20);
	at = get_addr(at + 24, e->af, &e->caddr);
	at = get_addr(at, e->af, &e->vaddr);
	at = get_addr(at, e->af, &e->daddr);
	return options_get(e, at, end);
}

enum vs_wire_result vs_wire_next(struct vs_wire_reader *r,
				 struct vs_sync_entry *e)
{
	if (!r->left)
		return VS_WIRE_END;
	r->left--;
	memset(e, 0, sizeof(*e));
	if (!r->version)
		return entry0_get(r, e);
	if (r->version == 2) {
		if (r->end - r->at < TIME_LEN)
			return VS_WIRE_TRUNCATED;
		e->time = get_u32(r->at);
		r->at += TIME_LEN;
	}
	return entry1_get(r, e);
}
