// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/weir_bench: writing "key=value ..." runs a job, before write() returns;
 * reading returns the result of the last job.
 */
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "wb.h"

static DEFINE_MUTEX(job_lock);

static const struct wb_type types[] = {
	{ "build",   WB_CLIENT, true,  false, WB_ACK },
	{ "forward", WB_CLIENT, false, true,  WB_ACK },
	{ "syn",     WB_CLIENT, true,  true,  WB_SYN },
	{ "ack",     WB_CLIENT, true,  true,  WB_ACK },
	{ "fin",     WB_CLIENT, true,  true,  WB_FIN | WB_ACK },
	{ "rst",     WB_CLIENT, true,  true,  WB_RST },
	{ "synack",  WB_SERVER, false, true,  WB_SYN | WB_ACK },
	{ "reply",   WB_SERVER, false, true,  WB_ACK },
};

static const char * const methods[] = {
	[WB_PLAIN] = "plain", [WB_DR] = "dr", [WB_NAT] = "nat", [WB_TUN] = "tun",
};

static const struct {
	const char *name;
	size_t offset;
	u32 low, high;
} numbers[] = {
	{ "first",   offsetof(struct wb_job, first),   0, U32_MAX },
	{ "start",   offsetof(struct wb_job, start),   0, U32_MAX },
	{ "flows",   offsetof(struct wb_job, flows),   1, U32_MAX },
	{ "packets", offsetof(struct wb_job, packets), 1, 1 << 30 },
	{ "batch",   offsetof(struct wb_job, batch),   1, WB_BATCH_MAX },
	{ "list",    offsetof(struct wb_job, list),    1, WB_BATCH_MAX },
	{ "payload", offsetof(struct wb_job, payload), 0, 1400 },
};

static int job_set_number(struct wb_job *job, const char *key, u32 value)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (strcmp(key, numbers[i].name))
			continue;
		if (value < numbers[i].low || value > numbers[i].high)
			return -ERANGE;
		*(u32 *)((char *)job + numbers[i].offset) = value;
		return 0;
	}
	if (!strcmp(key, "shuffle"))
		job->shuffle = value;
	else if (!strcmp(key, "full"))
		job->full = value;
	else if (!strcmp(key, "family") && (value == 4 || value == 6))
		job->family = value == 4 ? AF_INET : AF_INET6;
	else
		return -EINVAL;
	return 0;
}

static int job_set_type(struct wb_job *job, const char *name)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		if (strcmp(name, types[i].name))
			continue;
		job->type = &types[i];
		return 0;
	}
	return -EINVAL;
}

static int job_set_proto(struct wb_job *job, const char *name)
{
	if (!strcmp(name, "tcp"))
		job->proto = IPPROTO_TCP;
	else if (!strcmp(name, "udp"))
		job->proto = IPPROTO_UDP;
	else
		return -EINVAL;
	return 0;
}

static int job_set_word(struct wb_job *job, char *word)
{
	char *key = strsep(&word, "=");
	int at;
	u32 n;

	if (!word)
		return -EINVAL;
	if (!strcmp(key, "type"))
		return job_set_type(job, word);
	if (!strcmp(key, "proto"))
		return job_set_proto(job, word);
	if (!strcmp(key, "method")) {
		at = match_string(methods, ARRAY_SIZE(methods), word);
		if (at < 0)
			return at;
		job->method = at;
		return 0;
	}
	if (kstrtou32(word, 0, &n))
		return -EINVAL;
	return job_set_number(job, key, n);
}

static int job_parse(struct wb_job *job, char *line)
{
	char *word;
	int err;

	*job = (struct wb_job) {
		.type = &types[0], .family = AF_INET, .proto = IPPROTO_TCP,
		.shuffle = true, .flows = 1000, .batch = 64, .list = 8,
	};
	while ((word = strsep(&line, " \t\n"))) {
		err = *word ? job_set_word(job, word) : 0;
		if (err)
			return err;
	}
	if (!job->packets)
		job->packets = job->flows;
	if (job->flows > wb_flows_max() ||
	    job->first > wb_flows_max() - job->flows)
		return -ERANGE;
	return 0;
}

static ssize_t bench_proc_write(struct file *file, const char __user *buf,
				size_t len, loff_t *pos)
{
	struct wb_job job;
	char *line;
	int err;

	if (len > PAGE_SIZE)
		return -E2BIG;
	line = memdup_user_nul(buf, len);
	if (IS_ERR(line))
		return PTR_ERR(line);
	err = job_parse(&job, line);
	kfree(line);
	if (err)
		return err;
	mutex_lock(&job_lock);
	wb_job = job;
	err = wb_run();
	mutex_unlock(&job_lock);
	return err ? err : len;
}

static int bench_proc_show(struct seq_file *m, void *v)
{
	const struct wb_result *r = &wb_result;
	u64 n = max_t(u64, r->sent, 1);

	mutex_lock(&job_lock);
	seq_printf(m, "sent=%llu good=%llu bad=%llu other=%llu", r->sent,
		   r->good, r->bad, r->other);
	/* picoseconds per packet */
	seq_printf(m, " build=%llu mean=%llu p50=%u p10=%u\n",
		   div64_u64(r->build_ns * 1000, n),
		   div64_u64(r->receive_ns * 1000, n), r->p50, r->p10);
	if (r->why[0])
		seq_printf(m, "why=%s\n", r->why);
	mutex_unlock(&job_lock);
	return 0;
}

static int bench_proc_open(struct inode *inode, struct file *file)
{
	return single_open(file, bench_proc_show, NULL);
}

static const struct proc_ops bench_proc_ops = {
	.proc_open	= bench_proc_open,
	.proc_read	= seq_read,
	.proc_write	= bench_proc_write,
	.proc_lseek	= seq_lseek,
	.proc_release	= single_release,
};

int wb_proc_init(void)
{
	return proc_create("weir_bench", 0600, NULL, &bench_proc_ops) ? 0 : -ENOMEM;
}

void wb_proc_exit(void)
{
	remove_proc_entry("weir_bench", NULL);
}
