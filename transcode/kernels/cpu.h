/* Which instruction sets this processor and its operating system offer. */

#ifndef TRANSCODE_CPU_H
#define TRANSCODE_CPU_H

/* Each level includes the ones below it. */
enum { CPU_PORTABLE = 0, CPU_AVX2 = 1 };

/* The highest level that can be run here. The compiler's own test reads XCR0 too: without an
 * operating system that saves the wide registers, AVX2 is not there. Kernels of that level count
 * zero bits by BMI1, BMI2 and LZCNT, which every processor with AVX2 is known to have. */
static int cpu_highest(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2")
        && __builtin_cpu_supports("lzcnt")) {
        return CPU_AVX2;
    }
#endif
    return CPU_PORTABLE;
}

#endif
