// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/netlink.h>
#include <linux/weir.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include "array.h"
#include "attr.h"
#include "fail.h"
#include "ipvs.h"
#include "modprobe.h"

#define RECEIVE_BUFFER (64 * 1024)

/* A request in flight and how to handle its replies */
struct exchange {
	bool done;
	int error;			/* negative errno */
	int (*reply)(struct nlattr **attr, void *arg);
	void *arg;
};

static struct nl_sock *sock;
static int family;
static char extack[256];

const char *ipvs_extack(void)
{
	return *extack ? extack : NULL;
}

static void note_extack(struct nlattr *attrs, int len)
{
	struct nlattr *attr[NLMSGERR_ATTR_MAX + 1];

	if (len <= 0 || nla_parse(attr, NLMSGERR_ATTR_MAX, attrs, len, NULL))
		return;
	if (attr[NLMSGERR_ATTR_MSG])
		nla_strlcpy(extack, attr[NLMSGERR_ATTR_MSG], sizeof(extack));
}

/*
 * An NLMSG_ERROR message: the error, the request's header or (without
 * NLM_F_CAPPED) the whole request, then the extended ack's attributes.
 */
static int on_error(struct sockaddr_nl *from, struct nlmsgerr *err, void *arg)
{
	struct exchange *ex = arg;
	struct nlmsghdr *hdr = (struct nlmsghdr *)((char *)err - NLMSG_HDRLEN);
	int skip = sizeof(*err);

	(void)from;
	if (hdr->nlmsg_flags & NLM_F_ACK_TLVS) {
		if (!(hdr->nlmsg_flags & NLM_F_CAPPED))
			skip += err->msg.nlmsg_len - sizeof(err->msg);
		skip = NLMSG_ALIGN(skip);
		if (skip < nlmsg_datalen(hdr))
			note_extack((struct nlattr *)((char *)err + skip),
				    nlmsg_datalen(hdr) - skip);
	}
	ex->error = err->error;
	ex->done = true;
	return NL_STOP;
}

static int on_ack(struct nl_msg *msg, void *arg)
{
	struct exchange *ex = arg;

	(void)msg;
	ex->done = true;
	return NL_STOP;
}

/* NLMSG_DONE carries the error that ended a dump. libnl ignores it. */
static int on_finish(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *hdr = nlmsg_hdr(msg);
	struct exchange *ex = arg;
	int error = 0;

	if (nlmsg_datalen(hdr) >= (int)sizeof(error)) {
		memcpy(&error, nlmsg_data(hdr), sizeof(error));
		if (hdr->nlmsg_flags & NLM_F_ACK_TLVS)
			note_extack((struct nlattr *)((char *)nlmsg_data(hdr) + sizeof(error)),
				    nlmsg_datalen(hdr) - sizeof(error));
	}
	if (error < 0)
		ex->error = error;
	ex->done = true;
	return NL_STOP;
}

static int on_valid(struct nl_msg *msg, void *arg)
{
	struct exchange *ex = arg;
	struct nlattr *attr[IPVS_CMD_ATTR_MAX + 1];

	if (!ex->reply || ex->error)
		return NL_OK;
	if (genlmsg_parse(nlmsg_hdr(msg), 0, attr, IPVS_CMD_ATTR_MAX, NULL))
		ex->error = -EPROTO;
	else
		ex->error = ex->reply(attr, ex->arg);
	return NL_OK;
}

/* For errors of libnl itself; the kernel reports an errno. */
static int errno_of_libnl(int nl_error)
{
	switch (-nl_error) {
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_PERM:
	case NLE_NOACCESS:
		return -EPERM;
	default:
		return -EPROTO;
	}
}

static int exchange_messages(struct nl_msg *msg, struct exchange *ex)
{
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	int err = 0;

	*extack = '\0';
	if (!cb)
		return -ENOMEM;
	nl_cb_err(cb, NL_CB_CUSTOM, on_error, ex);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_ack, ex);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_finish, ex);
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_valid, ex);

	err = nl_send_auto(sock, msg);
	while (err >= 0 && !ex->done)
		err = nl_recvmsgs(sock, cb);
	nl_cb_put(cb);
	if (ex->error)
		return ex->error;
	return err < 0 && !ex->done ? errno_of_libnl(err) : 0;
}

static struct nl_msg *new_request_to(int to, int version, int cmd, int flags)
{
	struct nl_msg *msg = nlmsg_alloc();

	if (msg && genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, to, 0,
			       flags, cmd, version))
		return msg;
	nlmsg_free(msg);
	return NULL;
}

static struct nl_msg *new_request(int cmd, int flags)
{
	return new_request_to(family, IPVS_GENL_VERSION, cmd, flags);
}

/* @err: error from building @msg. Frees @msg. */
static int send_request(struct nl_msg *msg, int err, struct exchange *ex)
{
	if (!msg)
		return -ENOMEM;
	if (!err)
		err = exchange_messages(msg, ex);
	nlmsg_free(msg);
	return err;
}

static int send_quietly(struct nl_msg *msg, int err)
{
	struct exchange ex = { 0 };

	return send_request(msg, err, &ex);
}

static int connect_family(void)
{
	int on = 1, err;

	sock = nl_socket_alloc();
	if (!sock)
		return -NLE_NOMEM;
	err = genl_connect(sock);
	if (err < 0)
		return err;
	/* Optional: without them, error messages lack the extended ack. */
	setsockopt(nl_socket_get_fd(sock), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(nl_socket_get_fd(sock), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	/* The kernel sizes the parts of a dump by the length passed to recvmsg(). */
	nl_socket_set_msg_buf_size(sock, RECEIVE_BUFFER);
	nl_socket_disable_msg_peek(sock);
	family = genl_ctrl_resolve(sock, IPVS_GENL_NAME);
	return family;
}

int ipvs_open(void)
{
	const char *why;
	int err = connect_family();

	if (err >= 0)
		return 0;
	ipvs_close();
	why = modprobe("ip_vs");
	err = connect_family();
	if (err >= 0)
		return 0;
	ipvs_close();
	if (err != -NLE_OBJ_NOTFOUND)
		return fail("Can't initialize ipvs: %s", nl_geterror(err));
	return fail("Can't initialize ipvs: Protocol not available: module ip_vs is not loaded, %s",
		    why ? why : "and loading it did not register the IPVS family");
}

void ipvs_close(void)
{
	nl_socket_free(sock);
	sock = NULL;
}

static int reply_info(struct nlattr **attr, void *arg)
{
	struct ipvs_info *info = arg;

	/* Unlike other replies, this one has IPVS_INFO_ATTR_* at the top level. */
	if (!attr[IPVS_INFO_ATTR_VERSION] || !attr[IPVS_INFO_ATTR_CONN_TAB_SIZE])
		return -EPROTO;
	info->version = nla_get_u32(attr[IPVS_INFO_ATTR_VERSION]);
	info->conn_tab_size = nla_get_u32(attr[IPVS_INFO_ATTR_CONN_TAB_SIZE]);
	return 0;
}

int ipvs_get_info(struct ipvs_info *info)
{
	struct exchange ex = { .reply = reply_info, .arg = info };

	memset(info, 0, sizeof(*info));
	return send_request(new_request(IPVS_CMD_GET_INFO, NLM_F_REQUEST | NLM_F_ACK), 0, &ex);
}

int ipvs_flush(void)
{
	return send_quietly(new_request(IPVS_CMD_FLUSH, NLM_F_REQUEST | NLM_F_ACK), 0);
}

int ipvs_zero_all(void)
{
	return send_quietly(new_request(IPVS_CMD_ZERO, NLM_F_REQUEST | NLM_F_ACK), 0);
}

int ipvs_change_service(int cmd, const struct ipvs_service *svc)
{
	struct nl_msg *msg = new_request(cmd, NLM_F_REQUEST | NLM_F_ACK);
	bool whole = cmd == IPVS_CMD_NEW_SERVICE || cmd == IPVS_CMD_SET_SERVICE;
	int err = 0;

	if (msg)
		err = whole ? attr_put_service(msg, svc) : attr_put_service_key(msg, svc);
	return send_quietly(msg, err);
}

int ipvs_change_dest(int cmd, const struct ipvs_service *svc, const struct ipvs_dest *dest)
{
	struct nl_msg *msg = new_request(cmd, NLM_F_REQUEST | NLM_F_ACK);
	int err = 0;

	if (msg)
		err = attr_put_service_key(msg, svc);
	if (msg && !err)
		err = cmd == IPVS_CMD_DEL_DEST ? attr_put_dest_key(msg, dest) : attr_put_dest(msg, dest);
	return send_quietly(msg, err);
}

int ipvs_change_daemon(int cmd, const struct ipvs_daemon *daemon)
{
	struct nl_msg *msg = new_request(cmd, NLM_F_REQUEST | NLM_F_ACK);

	return send_quietly(msg, msg ? attr_put_daemon(msg, daemon) : 0);
}

static int reply_service(struct nlattr **attr, void *arg)
{
	return attr_parse_service(attr[IPVS_CMD_ATTR_SERVICE], arg);
}

int ipvs_get_service(struct ipvs_service *svc)
{
	struct nl_msg *msg = new_request(IPVS_CMD_GET_SERVICE, NLM_F_REQUEST | NLM_F_ACK);
	struct exchange ex = { .reply = reply_service, .arg = svc };

	return send_request(msg, msg ? attr_put_service_key(msg, svc) : 0, &ex);
}

/* Entries that change meanwhile may be missing or repeated: the family's dumps do not tell
 * (NLM_F_DUMP_INTR). */
static int dump_objects(int cmd, const struct ipvs_service *svc, struct exchange *ex)
{
	struct nl_msg *msg = new_request(cmd, NLM_F_REQUEST | NLM_F_DUMP);

	return send_request(msg, msg && svc ? attr_put_service_key(msg, svc) : 0, ex);
}

static int reply_services(struct nlattr **attr, void *arg)
{
	struct ipvs_services *list = arg;

	list->v = array_grow(list->v, list->n, &list->cap, sizeof(*list->v));
	return attr_parse_service(attr[IPVS_CMD_ATTR_SERVICE], &list->v[list->n++]);
}

int ipvs_get_services(struct ipvs_services *services)
{
	struct exchange ex = { .reply = reply_services, .arg = services };

	return dump_objects(IPVS_CMD_GET_SERVICE, NULL, &ex);
}

struct dests_dump {
	const struct ipvs_service *svc;
	struct ipvs_dests *list;
};

static int reply_dests(struct nlattr **attr, void *arg)
{
	struct dests_dump *dump = arg;
	struct ipvs_dests *list = dump->list;

	list->v = array_grow(list->v, list->n, &list->cap, sizeof(*list->v));
	return attr_parse_dest(attr[IPVS_CMD_ATTR_DEST], dump->svc->addr.af, &list->v[list->n++]);
}

int ipvs_get_dests(const struct ipvs_service *svc, struct ipvs_dests *dests)
{
	struct dests_dump dump = { .svc = svc, .list = dests };
	struct exchange ex = { .reply = reply_dests, .arg = &dump };

	return dump_objects(IPVS_CMD_GET_DEST, svc, &ex);
}

static int reply_timeouts(struct nlattr **attr, void *arg)
{
	struct ipvs_timeouts *timeouts = arg;

	if (!attr[IPVS_CMD_ATTR_TIMEOUT_TCP] || !attr[IPVS_CMD_ATTR_TIMEOUT_TCP_FIN] ||
	    !attr[IPVS_CMD_ATTR_TIMEOUT_UDP])
		return -EPROTO;
	timeouts->tcp = nla_get_u32(attr[IPVS_CMD_ATTR_TIMEOUT_TCP]);
	timeouts->tcp_fin = nla_get_u32(attr[IPVS_CMD_ATTR_TIMEOUT_TCP_FIN]);
	timeouts->udp = nla_get_u32(attr[IPVS_CMD_ATTR_TIMEOUT_UDP]);
	return 0;
}

int ipvs_get_timeouts(struct ipvs_timeouts *timeouts)
{
	struct exchange ex = { .reply = reply_timeouts, .arg = timeouts };

	memset(timeouts, 0, sizeof(*timeouts));
	return send_request(new_request(IPVS_CMD_GET_CONFIG, NLM_F_REQUEST | NLM_F_ACK), 0, &ex);
}

int ipvs_set_timeouts(const struct ipvs_timeouts *timeouts)
{
	struct nl_msg *msg = new_request(IPVS_CMD_SET_CONFIG, NLM_F_REQUEST | NLM_F_ACK);
	int err = 0;

	if (msg && (nla_put_u32(msg, IPVS_CMD_ATTR_TIMEOUT_TCP, timeouts->tcp) ||
		    nla_put_u32(msg, IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, timeouts->tcp_fin) ||
		    nla_put_u32(msg, IPVS_CMD_ATTR_TIMEOUT_UDP, timeouts->udp)))
		err = -ENOMEM;
	return send_quietly(msg, err);
}

static int reply_daemon(struct nlattr **attr, void *arg)
{
	struct ipvs_daemon *daemons = arg, one;
	int err = attr_parse_daemon(attr[IPVS_CMD_ATTR_DAEMON], &one);

	if (err)
		return err;
	if (one.state == IP_VS_STATE_MASTER)
		daemons[0] = one;
	else if (one.state == IP_VS_STATE_BACKUP)
		daemons[1] = one;
	return 0;
}

int ipvs_get_daemons(struct ipvs_daemon daemons[2])
{
	struct exchange ex = { .reply = reply_daemon, .arg = daemons };

	memset(daemons, 0, 2 * sizeof(*daemons));
	return dump_objects(IPVS_CMD_GET_DAEMON, NULL, &ex);
}

static int reply_counter(struct nlattr **attr, void *arg)
{
	struct ipvs_counters *list = arg;

	_Static_assert(WEIR_ATTR_MAX <= IPVS_CMD_ATTR_MAX,
		       "on_valid() parses the replies of both families");
	list->v = array_grow(list->v, list->n, &list->cap, sizeof(*list->v));
	return attr_parse_counter(attr[WEIR_ATTR_COUNTER], &list->v[list->n++]);
}

/* The number of family "weir", or a negative errno */
static int resolve_weir(void)
{
	int weir = genl_ctrl_resolve(sock, WEIR_GENL_NAME);

	*extack = '\0';
	if (weir == -NLE_OBJ_NOTFOUND)
		return -EOPNOTSUPP;
	return weir < 0 ? errno_of_libnl(weir) : weir;
}

int ipvs_get_counters(struct ipvs_counters *counters)
{
	struct exchange ex = { .reply = reply_counter, .arg = counters };
	int weir = resolve_weir();

	if (weir < 0)
		return weir;
	return send_request(new_request_to(weir, WEIR_GENL_VERSION, WEIR_CMD_GET_COUNTERS,
			      NLM_F_REQUEST | NLM_F_DUMP), 0, &ex);
}

static int send_mesh(int cmd, const struct ipvs_daemon *daemon,
		     const struct ipvs_mesh_config *config)
{
	int weir = resolve_weir(), err = 0;
	struct exchange ex = { 0 };
	struct nl_msg *msg;

	if (weir < 0)
		return weir;
	msg = new_request_to(weir, WEIR_GENL_VERSION, cmd, NLM_F_REQUEST | NLM_F_ACK);
	if (!msg)
		return -ENOMEM;
	if (config)
		err = attr_put_mesh(msg, daemon, config);
	if (!err)
		err = exchange_messages(msg, &ex);
	/* The message has the secrets. */
	explicit_bzero(nlmsg_data(nlmsg_hdr(msg)), nlmsg_datalen(nlmsg_hdr(msg)));
	nlmsg_free(msg);
	return err;
}

int ipvs_start_mesh(const struct ipvs_daemon *daemon, const struct ipvs_mesh_config *config)
{
	return send_mesh(WEIR_CMD_START_MESH, daemon, config);
}

int ipvs_stop_mesh(void)
{
	return send_mesh(WEIR_CMD_STOP_MESH, NULL, NULL);
}

int ipvs_set_mesh_keys(const struct ipvs_mesh_config *config)
{
	return send_mesh(WEIR_CMD_SET_MESH_KEYS, NULL, config);
}

static int reply_mesh(struct nlattr **attr, void *arg)
{
	return attr_parse_mesh(attr[WEIR_ATTR_MESH], arg);
}

int ipvs_get_mesh(struct ipvs_mesh *mesh)
{
	struct exchange ex = { .reply = reply_mesh, .arg = mesh };
	int weir = resolve_weir();

	if (weir < 0)
		return weir;
	return send_request(new_request_to(weir, WEIR_GENL_VERSION, WEIR_CMD_GET_MESH,
			      NLM_F_REQUEST | NLM_F_ACK), 0, &ex);
}
