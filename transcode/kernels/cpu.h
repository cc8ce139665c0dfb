/* The instruction sets that the processor and its operating system offer, and the compiler's attributes for
 * code of each: no other header of the kernels has any. */

#ifndef TRANSCODE_CPU_H
#define TRANSCODE_CPU_H

/* A function that is compiled anew inside of each that calls it, with the instructions of that one. */
#define CPU_INLINE static inline __attribute__((always_inline))

/* One that is compiled on its own, so that those that call it stay small. */
#define CPU_APART __attribute__((noinline))

#define CPU_UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* Eight octets of a number, the highest first, from a number of this machine, and back. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define CPU_BIG_ENDIAN(value) __builtin_bswap64(value)
#else
#define CPU_BIG_ENDIAN(value) (value)
#endif

/* POSIX threads. Where CPU_THREADS is not defined, a kernel does all work on the thread of its caller. */
#if !defined(_WIN32)
#include <pthread.h>
#define CPU_THREADS 1
#endif

/* Calls a function for two arguments, at the same time where `threads` is above 1 and a thread can be had. */
static void cpu_both(void *(*work)(void *), void *one, void *other, int threads)
{
#if defined(CPU_THREADS)
    pthread_t thread;
    if (threads > 1 && pthread_create(&thread, NULL, work, other) == 0) {
        work(one);
        pthread_join(thread, NULL);
        return;
    }
#endif
    (void)threads;
    work(one);
    work(other);
}

/* Marks a function that only processors of the level CPU_AVX2 run. Where it is not defined, there are none. */
#if defined(__x86_64__)
#include <immintrin.h>
#define CPU_AVX2_CODE __attribute__((target("avx2,bmi,bmi2,lzcnt")))
#endif

/* Each level includes the ones below it. */
enum { CPU_PORTABLE = 0, CPU_AVX2 = 1 };

/* The highest level that can be run here. The compiler's own test reads XCR0 too: without an
 * operating system that saves the wide registers, AVX2 is not there. Kernels of that level count
 * zero bits by BMI1, BMI2 and LZCNT, which every processor with AVX2 is known to have. */
static int cpu_highest(void)
{
#if defined(CPU_AVX2_CODE)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2")
        && __builtin_cpu_supports("lzcnt")) {
        return CPU_AVX2;
    }
#endif
    return CPU_PORTABLE;
}

#endif
