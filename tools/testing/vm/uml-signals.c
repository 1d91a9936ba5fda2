// SPDX-License-Identifier: GPL-2.0
/*
 * Preloaded into User Mode Linux with several CPUs. Its kernel masks the signal that carries
 * inter-processor interrupts whenever it disables interrupts: a system call of the host for every
 * local_irq_save(), two thirds of all time. Here the signal is masked lazily: disabling sets a
 * flag of the thread; only a signal that arrives meanwhile is sent back to the thread and then
 * really masked, until interrupts are enabled.
 *
 * masked: what the kernel believes. hard: the thread's mask really has the signal. Each returns to
 * its state of before when a handler returns, because the host restores the mask then, too.
 * A handler may end on another thread than it began on: the flags are reached by calls only.
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

static __attribute__((noinline)) struct cpu_mask get(void)
{
	__asm__ volatile("" ::: "memory");
	return (struct cpu_mask){ this_cpu.masked, this_cpu.hard };
}

static __attribute__((noinline)) void set(bool masked, bool hard)
{
	this_cpu.hard = hard;
	this_cpu.masked = masked;
	__asm__ volatile("" ::: "memory");
}

static int real_mask(int how, const sigset_t *new, sigset_t *old)
{
	return pthread_sigmask(how, new, old) ? -1 : 0;
}

/* The kernel has interrupts disabled: keep the signal, with its value, for later. */
static void put_off(siginfo_t *info, ucontext_t *context)
{
	sigaddset(&context->uc_sigmask, SIGRTMIN);
	set(true, true);
	if (pthread_sigqueue(pthread_self(), SIGRTMIN, info->si_value))
		abort();
}

static void wrapper(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	struct cpu_mask before = get();

	if (sig == SIGRTMIN && before.masked) {
		put_off(info, uc);
		return;
	}
	if (masks_ipi[sig])
		set(true, true);
	handlers[sig](sig, info, context);
	set(before.masked, sigismember(&uc->uc_sigmask, SIGRTMIN));
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
	ours.sa_sigaction = wrapper;
	return real(sig, &ours, NULL);
}

/* The one signal alone: no system call, but when one was put off. */
static int mask_ipi(int how, const sigset_t *only_ipi)
{
	if (how == SIG_BLOCK) {
		if (!get().masked)
			set(true, false);
		return 0;
	}
	if (!get().hard) {
		set(false, false);
		return 0;
	}
	set(false, false);
	return real_mask(SIG_UNBLOCK, only_ipi, NULL);
}

int sigprocmask(int how, const sigset_t *new, sigset_t *old)
{
	struct cpu_mask before = get();
	sigset_t only_ipi;
	int ret;

	sigemptyset(&only_ipi);
	sigaddset(&only_ipi, SIGRTMIN);
	if (new && !old && how != SIG_SETMASK && !memcmp(new, &only_ipi, sizeof(long)))
		return mask_ipi(how, &only_ipi);
	if (new && (how == SIG_SETMASK || sigismember(new, SIGRTMIN))) {
		bool on = how == SIG_BLOCK || (how == SIG_SETMASK && sigismember(new, SIGRTMIN));

		/* masking: the flag after the fact; unmasking: before it */
		if (!on)
			set(false, false);
		ret = real_mask(how, new, old);
		if (on && !ret)
			set(true, true);
	} else {
		ret = real_mask(how, new, old);
	}
	if (old && before.masked)
		sigaddset(old, SIGRTMIN);
	return ret;
}
