/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FUZZ_SEND_H
#define FUZZ_SEND_H

#include "fuzz.h"

/* How a packet gets into the director, which determines the form of its buffer. */
enum way {
	WAY_FRAGS,	/* a tap device with NAPI: pages, split anywhere */
	WAY_TAP,	/* a tap device: linear, or pages when long */
	WAY_VETH,	/* from the client: little headroom */
	WAY_LOCAL,	/* a raw socket on the director */
	WAYS,
};

struct way_count {
	unsigned long sent, refused;
};

extern struct way_count way_counts[WAYS];
extern const char *const way_names[WAYS];

void ways_open(void);
void way_send(struct fuzz *f, enum way way, bool offloads);

#endif /* FUZZ_SEND_H */
