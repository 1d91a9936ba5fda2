/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FRAME_H
#define FRAME_H

/* A generated packet and its properties. */
struct frame {
	u8 data[2048];
	unsigned int l4;	/* offset of the transport header */
	unsigned int len;
	u8 af;
	u8 proto;
	u8 flags;		/* TCP */
	u16 frag;		/* fragment offset and MF, host order */
	bool has_frag;
};

/*
 * Generate a TCP, UDP or ICMP packet with random addresses, ports, options or
 * extension headers and payload.
 */
void frame_random(struct frame *f, u8 af, u8 proto);

/* Set the correct checksums in @f. */
void frame_checksum(struct frame *f);

/*
 * Whether the network and the transport checksum of the packet of @len bytes at
 * @data are correct; the transport header is at offset @l4.
 */
bool frame_valid(const u8 *data, unsigned int len, u8 af, u8 proto,
		 unsigned int l4);

/* The checksum field of the transport header @l4. */
u16 *frame_check_field(u8 *l4, u8 proto);

/* Sum of the pseudo-header, not folded. */
u32 frame_pseudo(const u8 *data, u8 af, u8 proto, unsigned int l4len);

#endif /* FRAME_H */
