/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_WIRE_H
#define VS_WIRE_H

#include <linux/netfilter.h>
#include <linux/types.h>

/*
 * Messages of the sync protocol, versions 0 and 1, as the kernel's ip_vs sends
 * them: pure functions between bytes and struct vs_sync_entry. A message is one
 * UDP datagram: a header, then entries, each of which describes a connection.
 * Of version 2 this is the payload with entries, see sync/seal.h for the
 * datagram.
 */

#define VS_SYNC_PORT		8848
#define VS_SYNC_GROUP		0xe0000051	/* 224.0.0.81 */

/* Header bytes. */
#define VS_WIRE_HDR0		4
#define VS_WIRE_HDR1		8
#define VS_WIRE_HDR2		4

/* The count of entries in a header is one byte. */
#define VS_WIRE_MAX_ENTRIES	255

/* Largest entry: IPv6, with all options. */
#define VS_WIRE_PE_DATA_MAX	255
#define VS_WIRE_PE_NAME_MAX	16
#define VS_WIRE_SEQ_LEN		24
#define VS_WIRE_MAX_ENTRY	(72 + 2 + VS_WIRE_SEQ_LEN + \
				 2 + VS_WIRE_PE_DATA_MAX + \
				 2 + VS_WIRE_PE_NAME_MAX)

/* Flags of an entry, IP_VS_CONN_F_*, that a receiver regards. */
#define VS_WIRE_FLAGS		0x1f87u

/* Version 2: the connection is removed; the sender has received it itself. */
#define VS_WIRE_REMOVED		0x01000000u
#define VS_WIRE_HEARSAY		0x02000000u

/* Version 2: types of payload. */
#define VS_WIRE_STATUS		1
#define VS_WIRE_CHANGES		2
#define VS_WIRE_RESYNC		3

/**
 * struct vs_sync_seq - sequence number mapping of one direction of a stream
 * @init:	sequence number of the segment in which the length changed last
 * @delta:	added to the sequence numbers after @init
 * @prev_delta:	added to those up to @init
 */
struct vs_sync_seq {
	u32 init;
	u32 delta;
	u32 prev_delta;
};

/**
 * struct vs_sync_entry - a connection or template in a message
 * @caddr:	client's address, of family @af
 * @vaddr:	virtual address; of a template of a fwmark service the mark
 * @daddr:	real server's address
 * @cport:	client port; ports are in network order
 * @vport:	virtual port
 * @dport:	real server's port
 * @af:		AF_INET or AF_INET6
 * @proto:	IPPROTO_*
 * @state:	state of the protocol, VS_TCP_S_*, ...; VS_TMPL_*
 * @flags:	IP_VS_CONN_F_*
 * @fwmark:	mark of the virtual service (version 1)
 * @timeout:	in seconds, 0 in version 0
 * @time:	time of the change, in milliseconds of the sender's clock
 *		(version 2)
 * @has_seq:	@in_seq and @out_seq are set
 * @in_seq:	mapping of the client's stream
 * @out_seq:	mapping of the real server's stream
 * @pe_data_len: bytes of @pe_data, 0 without a persistence engine
 * @pe_name_len: bytes of @pe_name
 * @pe_data:	the engine's key, points into the message (version 1)
 * @pe_name:	the engine's name, not terminated, points into the message
 */
struct vs_sync_entry {
	union nf_inet_addr caddr;
	union nf_inet_addr vaddr;
	union nf_inet_addr daddr;
	__be16 cport;
	__be16 vport;
	__be16 dport;
	u8 af;
	u8 proto;
	u16 state;
	u32 flags;
	u32 fwmark;
	u32 timeout;
	u32 time;
	bool has_seq;
	struct vs_sync_seq in_seq;
	struct vs_sync_seq out_seq;
	u8 pe_data_len;
	u8 pe_name_len;
	const u8 *pe_data;
	const u8 *pe_name;
};

/**
 * struct vs_wire_msg - a message that is being written
 * @buf:	the message
 * @len:	bytes written
 * @room:	bytes of @buf
 * @version:	0 to 2
 * @entries:	number of entries
 */
struct vs_wire_msg {
	u8 *buf;
	u16 len;
	u16 room;
	u8 version;
	u8 entries;
};

/* Writes the header. @room is at least that; VS_WIRE_HDR1 and vs_wire_len() of an
 * entry, or VS_WIRE_MAX_ENTRY, are enough for vs_wire_add() to succeed once. */
void vs_wire_begin(struct vs_wire_msg *m, u8 *buf, u16 room, u8 version,
		   u8 syncid);

/* The same for a payload of version 2: its type, and @hdr bytes in place of the
 * header, VS_WIRE_HDR2 or more, of which the others are the caller's. */
void vs_wire_begin2(struct vs_wire_msg *m, u8 *buf, u16 room, u8 type, u8 hdr);

/* The bytes of an entry, without padding before. */
u16 vs_wire_len(const struct vs_sync_entry *e, u8 version);

/**
 * vs_wire_add - append an entry to a message
 * @m: message
 * @e: entry; with version 0 an IPv4 one
 *
 * Return: false if the message is full: it is unchanged.
 */
bool vs_wire_add(struct vs_wire_msg *m, const struct vs_sync_entry *e);

/* What a reader has met. The order is that of the counters, see apply.c. */
enum vs_wire_result {
	VS_WIRE_ENTRY,		/* an entry */
	VS_WIRE_END,		/* the end of the message */
	VS_WIRE_OTHER_ID,	/* a message of another sync id */
	/* an entry is left out, reading may go on */
	VS_WIRE_OPTION,		/* with an option that is unknown and mandatory */
	/* the rest of the message is unusable */
	VS_WIRE_SIZE,		/* the header's size is not the datagram's */
	VS_WIRE_TRUNCATED,	/* an entry exceeds the message, or an option the
				 * entry */
	VS_WIRE_TYPE,		/* unknown type or version of an entry */
	VS_WIRE_BAD_OPTION,	/* an option twice, or of a wrong length */
};

/**
 * struct vs_wire_reader - a message that is being read
 * @at:		next byte
 * @end:	end of the message
 * @version:	0 to 2
 * @left:	entries left
 */
struct vs_wire_reader {
	const u8 *at;
	const u8 *end;
	u8 version;
	u16 left;
};

/**
 * vs_wire_open - read the header of a message
 * @r: reader, to be initialised
 * @buf: datagram
 * @len: its length
 * @syncid: id to accept, 0 for any
 *
 * Return: VS_WIRE_ENTRY: entries may follow; VS_WIRE_OTHER_ID; VS_WIRE_SIZE.
 */
enum vs_wire_result vs_wire_open(struct vs_wire_reader *r, const u8 *buf,
				 size_t len, int syncid);

/* The same for a payload of version 2 whose entries begin after @hdr bytes. */
enum vs_wire_result vs_wire_open2(struct vs_wire_reader *r, const u8 *buf,
				  size_t len, u8 hdr);

/**
 * vs_wire_next - read the next entry
 * @r: reader
 * @e: set if the result is VS_WIRE_ENTRY
 *
 * Checks the form only: whether protocol, state and flags exist is the caller's
 * part.
 */
enum vs_wire_result vs_wire_next(struct vs_wire_reader *r,
				 struct vs_sync_entry *e);

#endif /* VS_WIRE_H */
