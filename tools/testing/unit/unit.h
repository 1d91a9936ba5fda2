/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UNIT_H
#define UNIT_H

/*
 * A test is a function that returns if it passes and calls FAIL() if it does
 * not. Random tests use rnd(), whose seed is printed.
 */
struct unit_test {
	const char *name;
	void (*run)(void);
};

extern const struct unit_test tcp_tests[], proto_tests[], sched_tests[];
extern const struct unit_test hash_tests[], cache_tests[];
extern const struct unit_test pkt_tests[], nat_tests[], race_tests[];
extern const struct unit_test fuzz_tests[], ftp_tests[], ftp_session_tests[];
extern const struct unit_test life_tests[], schedule_tests[], persist_tests[];
extern const struct unit_test table_tests[], wire_tests[], apply_tests[], mesh_tests[];

void unit_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 3, 4)));

#define FAIL(...)	unit_fail(__FILE__, __LINE__, __VA_ARGS__)
#define CHECK(cond)	do { if (!(cond)) FAIL("%s", #cond); } while (0)

/* Let the n-th allocation from now on fail; 0: none. */
extern int unit_alloc_fails;

/* test_life.c: vs_conn_init(), once; RCU callbacks wait for the end of a grace
 * period; if set, called once, before a connection is put into the table */
void unit_conn_init(void);
extern bool unit_rcu_waits;
void unit_grace_ends(void);
extern void (*unit_insert_race)(void);

u32 rnd(u32 below);		/* in [0, below), any number for 0 */
void rnd_bytes(void *buf, unsigned int len);

#endif /* UNIT_H */
