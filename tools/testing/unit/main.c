// SPDX-License-Identifier: GPL-2.0
/*
 * Runs the tests named by the arguments (default: all) and prints TAP, then a
 * summary. SEED=N in the environment repeats a run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <time.h>

#include "unit.h"

unsigned long jiffies = 1000000;
_Thread_local unsigned long unit_reads;
void (*unit_grace_period)(void);
struct net init_net;
void (*unit_resched)(void);

static jmp_buf failed;
static u64 state;

void unit_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	printf("# %s:%d: ", file, line);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	longjmp(failed, 1);
}

u32 rnd(u32 below)
{
	u32 n;

	state = state * 6364136223846793005ull + 1442695040888963407ull;
	n = state >> 32;
	return below ? n % below : n;
}

void rnd_bytes(void *buf, unsigned int len)
{
	u8 *p = buf;

	while (len--)
		*p++ = rnd(256);
}

u64 get_random_u64(void)
{
	return (u64)rnd(0) << 32 | rnd(0);
}

void get_random_bytes(void *buf, size_t len)
{
	rnd_bytes(buf, len);
}

int unit_alloc_fails;

void *unit_calloc(size_t n, size_t size)
{
	if (unit_alloc_fails && !--unit_alloc_fails)
		return NULL;
	return calloc(n, size);
}

struct workqueue_struct *vs_wq;

static bool wanted(const char *name, char **argv)
{
	if (!*argv)
		return true;
	for (; *argv; argv++)
		if (!strcmp(name, *argv))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	static const struct unit_test *const suites[] = {
		tcp_tests, proto_tests, sched_tests, hash_tests, cache_tests,
		race_tests, life_tests, table_tests, pkt_tests, nat_tests,
		fuzz_tests, ftp_tests, ftp_session_tests, schedule_tests,
		persist_tests, apply_tests, wire_tests, mesh_tests,
	};
	const char *seed_text = getenv("SEED");
	u64 seed = seed_text ? strtoull(seed_text, NULL, 0) : time(NULL);
	static unsigned int passed, wrong, skipped;
	static const struct unit_test *t;
	static unsigned int s;

	printf("TAP version 13\n# SEED=%llu\n", (unsigned long long)seed);
	for (s = 0; s < ARRAY_SIZE(suites); s++) {
		for (t = suites[s]; t->name; t++) {
			if (!wanted(t->name, argv + 1))
				continue;
			state = seed;
			unit_alloc_fails = 0;
			unit_grace_period = NULL;
			unit_resched = NULL;
			if (!setjmp(failed)) {
				t->run();
				passed++;
				printf("ok %u - %s\n", passed + wrong, t->name);
			} else {
				wrong++;
				printf("not ok %u - %s\n", passed + wrong,
				       t->name);
			}
			fflush(stdout);
		}
	}
	printf("1..%u\n", passed + wrong);
	printf("%u passed, %u failed, %u skipped\n", passed, wrong, skipped);
	return wrong || !passed;
}
