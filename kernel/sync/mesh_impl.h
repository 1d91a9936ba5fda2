/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_MESH_IMPL_H
#define VS_MESH_IMPL_H

#include <linux/mutex.h>
#include <linux/siphash.h>
#include <linux/wait.h>

#include "sync/apply.h"
#include "sync/mesh.h"
#include "sync/status.h"
#include "sync/wire.h"

/* Messages that can be sent again. Fewer than VS_WINDOW_SIZE, so that what is
 * repeated is not too old for the receiver. */
#define VS_MESH_RING	512

/* A connection is sent again after this part of its timeout. A peer keeps it for
 * as much longer than this director. */
#define VS_MESH_REFRESH	8

/* A peer that was not heard for this long does not answer. */
#define VS_MESH_SILENCE	(3 * HZ)

/* Sessions of a peer's address that are answered in one round. */
#define VS_MESH_CANDIDATES	4

/* Before the entries of a resync: session of the peer, id of the resync. */
#define VS_MESH_RESYNC_HDR	(VS_WIRE_HDR2 + VS_SEAL_SESSION_LEN + 4)

/**
 * struct vs_mesh_buf - a message with entries
 * @list:	in a queue
 * @msg:	the payload, while it is being filled
 * @len:	bytes of @data, once it is sealed
 * @sent_at:	jiffies when it was sent last
 * @data:	header, payload, tag
 */
struct vs_mesh_buf {
	struct list_head list;
	struct vs_wire_msg msg;
	u16 len;
	unsigned long sent_at;
	u8 data[];
};

/**
 * struct vs_mesh_queue - changes that a CPU has collected
 * @lock:	the CPU with its daemon thread, BH disabled
 * @cur:	message that is being filled, or NULL
 * @full:	messages to be sent
 * @len:	number of @full
 */
struct vs_mesh_queue {
	spinlock_t lock;
	struct vs_mesh_buf *cur;
	struct list_head full;
	unsigned int len;
};

/**
 * struct vs_mesh_ring - the messages of a lane that can be sent again
 * @top:	number of the last message
 * @acked:	messages up to this one are confirmed, where that is known
 * @buf:	the last messages, at their number modulo VS_MESH_RING
 */
struct vs_mesh_ring {
	u64 top;
	u64 acked;
	struct vs_mesh_buf *buf[VS_MESH_RING];
};

/**
 * struct vs_mesh_resync - a full resync that is given to a peer
 * @id:		chosen by the peer
 * @done:	the whole table was walked
 * @it:		the walk
 * @open:	messages that are not sent yet, the last of which has room
 * @ring:	messages of the lane
 * @credit:	entries that may be sent now, in units of a step's share of a second
 */
struct vs_mesh_resync {
	u32 id;
	bool done;
	struct vs_table_iter it;
	struct list_head open;
	struct vs_mesh_ring ring;
	s64 credit;
};

/**
 * struct vs_mesh_candidate - a session that has not proved that it lives
 * @session:	its number
 * @challenge:	its last challenge
 */
struct vs_mesh_candidate {
	u8 session[VS_SEAL_SESSION_LEN];
	u64 challenge;
};

/**
 * struct vs_mesh_peer - a peer; under vs_mesh.lock
 * @used:	the slot is in use
 * @addr:	address
 * @epoch:	part of the challenge, so that each works once
 * @established: @session is set: the peer has proved that it lives
 * @alive:	it was heard within VS_MESH_SILENCE
 * @heard:	it was heard in this session, at
 * @heard_at:	jiffies
 * @session:	random number of the peer's daemon
 * @echo:	its last challenge
 * @answer:	a status is due
 * @n_candidates: an answer is due to so many
 * @candidate:	sessions
 * @apply:	of the receiver alone
 * @gaps:	how often it was not told of changes, as it was silent
 * @status:	numbers received of the lane of statuses
 * @changes:	of the lane of changes
 * @resync:	of the lane of our resync
 * @told:	what its last status said
 * @want:	id of the resync that we want, 0 if we have it
 * @again:	changes were lost meanwhile: another resync is wanted
 * @again_once:	likewise when it is in sync itself, if it was not
 * @was_out:	it was not in sync itself
 * @refused:	entries have found no room since the last resync was asked for
 * @refused_at:	jiffies of the first one
 * @refused_max: conn_max at that time
 * @patience:	jiffies from then until another resync is asked for
 * @lost:	vs_window.lost of @changes at the last resync
 * @got:	entries of the resync
 * @resyncs:	complete resyncs
 * @giving:	resync that is given to it, or NULL
 * @given_top:	last number of that lane
 * @given:	entries of it
 * @resent:	messages sent again
 */
struct vs_mesh_peer {
	bool used;
	union nf_inet_addr addr;
	u32 epoch;
	bool established;
	bool alive;
	bool heard;
	unsigned long heard_at;
	u8 session[VS_SEAL_SESSION_LEN];
	u64 echo;
	bool answer;
	u8 n_candidates;
	struct vs_mesh_candidate candidate[VS_MESH_CANDIDATES];
	struct vs_apply_peer apply;
	u32 gaps;
	struct vs_window status;
	struct vs_window changes;
	struct vs_window resync;
	struct vs_status told;
	u32 want;
	bool again;
	bool again_once;
	bool was_out;
	bool refused;
	unsigned long refused_at;
	int refused_max;
	u32 patience;
	u64 lost;
	u64 got;
	u64 resyncs;
	struct vs_mesh_resync *giving;
	u64 given_top;
	u64 given;
	u64 resent;
};

/**
 * struct vs_mesh - a mesh daemon
 * @vn:		namespace
 * @conf:	parameters, complete
 * @started:	jiffies
 * @session:	random number of this daemon
 * @secret:	of the challenges
 * @queue:	changes, by CPU
 * @n_alive:	peers that answer; packets make entries if there are any
 * @dropped:	how often changes had to be given up
 * @kick:	bit 0: there is something to do, the thread was woken
 * @wait:	of the thread that sends
 * @sender:	that thread
 * @receiver:	the thread that receives
 * @waited:	peers had the time to answer, since it was started
 * @leaves:	the last statuses; the sender ends
 * @stopping:	the receiver ends
 * @lock:	of what follows. Never held while entries are applied
 * @keys:	the keys
 * @sock:	the socket; replaced by the receiver
 * @sock_lock:	of @sock while it is replaced
 * @lost:	the socket is of no use: its interface is gone, say
 * @retry_at:	jiffies of the next look at it
 * @peer:	the peers
 * @epoch:	the last one that a peer got
 * @changes:	messages with changes. Of the sender alone
 * @conns:	connections and templates, at the last regular status
 * @status_top:	number of the last status. Of the sender alone
 * @status_at:	jiffies of the next regular status
 * @buf:	of the receiver
 */
struct vs_mesh {
	struct vs_net *vn;
	struct vs_mesh_conf conf;
	unsigned long started;
	u8 session[VS_SEAL_SESSION_LEN];
	siphash_key_t secret;
	struct vs_mesh_queue __percpu *queue;
	unsigned int n_alive;
	atomic_t dropped;
	unsigned long kick;
	wait_queue_head_t wait;
	struct task_struct *sender;
	struct task_struct *receiver;
	bool waited;
	bool leaves;
	bool stopping;
	struct mutex lock;
	struct vs_mesh_keys keys;
	struct socket *sock;
	struct mutex sock_lock;
	bool lost;
	unsigned long retry_at;
	struct vs_mesh_peer peer[VS_MESH_PEERS];
	u32 epoch;
	struct vs_mesh_ring changes;
	u32 conns;
	u64 status_top;
	unsigned long status_at;
	u8 *buf;
};

#define VS_MESH_BUF_LEN		65536

/* mesh_queue.c */

extern const struct vs_sync_ops vs_mesh_ops;

/* A message of @type with @hdr bytes before its entries, room for conf.sock.maxlen
 * bytes; or NULL. */
struct vs_mesh_buf *vs_mesh_buf_new(const struct vs_mesh *m, u8 type, u8 hdr,
				    gfp_t gfp);

/* Describes @cp as of its last packet, with @timeout jiffies left. RCU, BH
 * disabled. */
void vs_mesh_entry_fill(struct vs_sync_entry *e, const struct vs_net *vn,
			const struct vs_conn *cp, u32 timeout);

/* One of the peers is told of @cp now: they will be told of its end. Returns false
 * if @cp was received, and is hearsay. RCU, BH disabled. */
bool vs_mesh_give(struct vs_conn *cp);

void vs_mesh_queue_init(struct vs_mesh *m);
void vs_mesh_queue_exit(struct vs_mesh *m);

/* Moves what the CPUs have collected to @list. Process context. */
void vs_mesh_queue_take(struct vs_mesh *m, struct list_head *list);

/* Changes are given up: the peers need a full resync. BH disabled. */
void vs_mesh_give_up(struct vs_mesh *m);

/* There is something to do for the thread that sends. Any context. */
void vs_mesh_wake(struct vs_mesh *m);

/* mesh_peer.c: under vs_mesh.lock */

/* The peer whose address this is, or NULL. */
struct vs_mesh_peer *vs_mesh_peer_find(struct vs_mesh *m,
				       const union nf_inet_addr *addr);

/* A slot for an address that has sent an authentic status; NULL without a group,
 * or if all are in use. */
struct vs_mesh_peer *vs_mesh_peer_add(struct vs_mesh *m,
				      const union nf_inet_addr *addr);

/**
 * vs_mesh_peer_hear - a status has arrived
 * @m: daemon
 * @p: peer from whose address it came
 * @h: header of the datagram, which was authentic
 * @s: the status
 *
 * Return: VS_COUNTER_NONE, or why it was ignored.
 */
enum vs_counter vs_mesh_peer_hear(struct vs_mesh *m, struct vs_mesh_peer *p,
				  const struct vs_seal_hdr *h,
				  const struct vs_status *s);

/* The numbers that were received in a lane other than that of statuses. */
struct vs_window *vs_mesh_peer_window(struct vs_mesh_peer *p, u8 lane);

/* A message of another lane of @p's session has arrived: accepts its number,
 * returns why not. */
enum vs_counter vs_mesh_peer_accept(struct vs_mesh *m, struct vs_mesh_peer *p,
				    const struct vs_seal_hdr *h);

/* Composes an answer to a session at @p's address that is not established. Returns
 * false if there is none. */
bool vs_mesh_peer_answer(struct vs_mesh *m, struct vs_mesh_peer *p,
			 struct vs_status *s);

/* Composes the next status to @p. */
void vs_mesh_peer_tell(struct vs_mesh *m, struct vs_mesh_peer *p,
		       struct vs_status *s);

/* Notes whether entries of a message have found no room. */
void vs_mesh_peer_refuse(struct vs_mesh *m, struct vs_mesh_peer *p);

/* Notes peers that have fallen silent; asks again for what has found no room. */
void vs_mesh_peer_watch(struct vs_mesh *m);

/* Whether it says that it has the connections of all directors, this one included. */
bool vs_mesh_peer_has_all(const struct vs_mesh_peer *p);

/* WEIR_SYNC_* of one peer, and of all. */
u8 vs_mesh_peer_state(const struct vs_mesh *m, const struct vs_mesh_peer *p);
u8 vs_mesh_state(const struct vs_mesh *m);

/* mesh_resync.c: under vs_mesh.lock */

/* Begins to give @p the resync @id, unless it is the current one. */
void vs_mesh_resync_begin(struct vs_mesh *m, struct vs_mesh_peer *p, u32 id);
void vs_mesh_resync_end(struct vs_mesh_peer *p);

/* Puts the next messages of @p's resync into its ring. */
void vs_mesh_resync_step(struct vs_mesh *m, struct vs_mesh_peer *p);

/* mesh_ring.c */

/* Encrypts @b as message @number of @lane. Under vs_mesh.lock, process context. */
void vs_mesh_seal(const struct vs_mesh *m, struct vs_mesh_buf *b, u8 lane,
		  u64 number);

/* The secret of the key @id, or NULL. */
const u8 *vs_mesh_key(const struct vs_mesh_keys *keys, u8 id);

/* Encrypts the messages of the ring by the first key of @keys instead of @old's, so
 * that they can be sent again when the old ones are gone. Process context. */
void vs_mesh_ring_reseal(struct vs_mesh_ring *r, const struct vs_mesh_keys *old,
			 const struct vs_mesh_keys *keys);

/* Puts @b into the ring, under the next number, in place of the oldest. */
void vs_mesh_ring_add(struct vs_mesh_ring *r, struct vs_mesh_buf *b);
void vs_mesh_ring_free(struct vs_mesh_ring *r);
/* Number of the oldest message in the ring; top + 1 if there is none. */
u64 vs_mesh_ring_oldest(const struct vs_mesh_ring *r);
/* The message, or NULL: no longer there, or it was sent just now. */
struct vs_mesh_buf *vs_mesh_ring_again(struct vs_mesh_ring *r, u64 number);

/* mesh_sock.c, process context */

/* Opens the socket on @dev, which may be NULL; or an ERR_PTR(). Takes RTNL. */
struct socket *vs_mesh_sock_open(const struct vs_mesh *m,
				 const struct net_device *dev);
/* Replaces a socket that is of no use, once a second at most. */
void vs_mesh_sock_watch(struct vs_mesh *m);
int vs_mesh_sock_send(struct vs_mesh *m, const union nf_inet_addr *to,
		      u8 *data, size_t len);
int vs_mesh_sock_receive(struct vs_mesh *m, union nf_inet_addr *from);

/* mesh_send.c, mesh_receive.c: the threads */
int vs_mesh_send_run(void *data);
int vs_mesh_receive_run(void *data);

#endif /* VS_MESH_IMPL_H */
