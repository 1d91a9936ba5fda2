// SPDX-License-Identifier: GPL-2.0
/*
 * Preloaded into User Mode Linux that runs with one CPU. A SMP build masks its inter-processor
 * signal whenever the kernel disables interrupts, which makes local_irq_save(), and with it
 * this_cpu_add() and mod_timer(), two system calls of the host: near a microsecond, where a
 * processor takes a few cycles. With one CPU nobody sends that signal, so it needs no masking.
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
