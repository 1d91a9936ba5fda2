// SPDX-License-Identifier: GPL-2.0
/*
 * Preloaded into User Mode Linux with several CPUs, whose kernel masks the signal for
 * inter-processor interrupts whenever it disables interrupts. That is a system call of the host
 * for each local_irq_save(), two thirds of the run time. Here the signal is masked lazily:
 * disabling interrupts sets a flag of the thread. If the signal arrives while the flag is set, it
 * is queued to the thread again and really masked, until interrupts are enabled.
 *
 * masked: the mask as seen by the kernel. hard: the signal is in the thread's mask. Both are
 * restored when a handler returns, since the host restores the mask then. A handler may return on
 * another thread than it started on: the flags are only accessed by functions that are not inlined.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

typedef void (*handler_fn)(int sig, siginfo_t *info, void *context);

struct cpu_mask {
	bool masked;
	bool hard;
};

static __thread volatile struct cpu_mask this_cpu;
static handler_fn handlers[NSIG];
static bool masks_ipi[NSIG];

static __attribute__((noinline)) struct cpu_mask get_cpu_mask(void)
{
	__asm__ volatile("" ::: "memory");
	return (struct cpu_mask){ this_cpu.masked, this_cpu.hard };
}

static __attribute__((noinline)) void set_cpu_mask(bool masked, bool hard)
{
	this_cpu.hard = hard;
	this_cpu.masked = masked;
	__asm__ volatile("" ::: "memory");
}

static int set_thread_mask(int how, const sigset_t *new, sigset_t *old)
{
	return pthread_sigmask(how, new, old) ? -1 : 0;
}

/* The kernel has interrupts disabled: mask the signal and queue it again, with its value. */
static void defer_ipi(siginfo_t *info, ucontext_t *context)
{
	sigaddset(&context->uc_sigmask, SIGRTMIN);
	set_cpu_mask(true, true);
	if (pthread_sigqueue(pthread_self(), SIGRTMIN, info->si_value))
		abort();
}

static void handle_signal(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	struct cpu_mask before = get_cpu_mask();

	if (sig == SIGRTMIN && before.masked) {
		defer_ipi(info, uc);
		return;
	}
	if (masks_ipi[sig])
		set_cpu_mask(true, true);
	handlers[sig](sig, info, context);
	set_cpu_mask(before.masked, sigismember(&uc->uc_sigmask, SIGRTMIN));
}

int sigaction(int sig, const struct sigaction *new, struct sigaction *old)
{
	static int (*real)(int, const struct sigaction *, struct sigaction *);
	struct sigaction ours;

	if (!real)
		real = (typeof(real))dlsym(RTLD_NEXT, "sigaction");
	if (!new || !(new->sa_flags & SA_SIGINFO) || old)
		return real(sig, new, old);
	ours = *new;
	handlers[sig] = new->sa_sigaction;
	masks_ipi[sig] = sig == SIGRTMIN || sigismember(&new->sa_mask, SIGRTMIN);
	ours.sa_sigaction = handle_signal;
	return real(sig, &ours, NULL);
}

/* Mask or unmask only the IPI; a system call is needed only if a signal was deferred. */
static int mask_ipi(int how, const sigset_t *only_ipi)
{
	if (how == SIG_BLOCK) {
		if (!get_cpu_mask().masked)
			set_cpu_mask(true, false);
		return 0;
	}
	if (!get_cpu_mask().hard) {
		set_cpu_mask(false, false);
		return 0;
	}
	set_cpu_mask(false, false);
	return set_thread_mask(SIG_UNBLOCK, only_ipi, NULL);
}

int sigprocmask(int how, const sigset_t *new, sigset_t *old)
{
	struct cpu_mask before = get_cpu_mask();
	sigset_t only_ipi;
	int ret;

	sigemptyset(&only_ipi);
	sigaddset(&only_ipi, SIGRTMIN);
	if (new && !old && how != SIG_SETMASK && !memcmp(new, &only_ipi, sizeof(long)))
		return mask_ipi(how, &only_ipi);
	if (new && (how == SIG_SETMASK || sigismember(new, SIGRTMIN))) {
		bool on = how == SIG_BLOCK || (how == SIG_SETMASK && sigismember(new, SIGRTMIN));

		/* when masking, set the flag after the mask; when unmasking, clear it before */
		if (!on)
			set_cpu_mask(false, false);
		ret = set_thread_mask(how, new, old);
		if (on && !ret)
			set_cpu_mask(true, true);
	} else {
		ret = set_thread_mask(how, new, old);
	}
	if (old && before.masked)
		sigaddset(old, SIGRTMIN);
	return ret;
}
