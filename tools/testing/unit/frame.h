/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FRAME_H
#define FRAME_H

/* A packet made for a test, and what is known of it. */
struct frame {
	u8 data[2048];
	unsigned int l4;	/* offset of the transport header */
	unsigned int len;
	u8 af;
	u8 proto;
	u8 flags;		/* TCP */
	u16 frag;		/* offset of the fragment and MF, as on the wire */
	bool has_frag;
};

/* A TCP, UDP or ICMP packet with random addresses, ports, options or extension
 * headers and payload. */
void frame_random(struct frame *f, u8 af, u8 proto);

/* Right checksums for @f. */
void frame_checksum(struct frame *f);

/* Whether the network and the transport checksum of @len bytes at @data are
 * right; the transport header is at @l4. */
bool frame_valid(const u8 *data, unsigned int len, u8 af, u8 proto,
		 unsigned int l4);

/* The transport header's checksum field. */
u16 *frame_check_field(u8 *l4, u8 proto);

/* Sum of the pseudo header, not folded. */
u32 frame_pseudo(const u8 *data, u8 af, u8 proto, unsigned int l4len);

#endif /* FRAME_H */
