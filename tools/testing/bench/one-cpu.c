// SPDX-License-Identifier: GPL-2.0
/*
 * Preloaded into User Mode Linux with one CPU. An SMP build masks its IPI signal whenever the
 * kernel disables interrupts, which turns local_irq_save(), and with it this_cpu_add() and
 * mod_timer(), into two system calls of the host: almost a microsecond instead of a few cycles.
 * With one CPU that signal is never sent, so there is no need to mask it.
 */
#include <signal.h>
#include <stddef.h>
#include <string.h>

#define IPI_SIGNAL 34	/* SIGRTMIN in glibc */
#define SYS_RT_SIGPROCMASK 14

int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	long ret;

	if (set && !old && how != SIG_SETMASK) {
		unsigned long mask;

		memcpy(&mask, set, sizeof(mask));
		if (mask == 1UL << (IPI_SIGNAL - 1))
			return 0;
	}
	register long size asm("r10") = 8;

	asm volatile("syscall" : "=a"(ret)
		     : "0"(SYS_RT_SIGPROCMASK), "D"(how), "S"(set), "d"(old), "r"(size)
		     : "rcx", "r11", "memory");
	return ret ? -1 : 0;
}
