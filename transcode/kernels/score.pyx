"""SSIMULACRA2: a perceptual score of the likeness of two pictures."""

from libc.math cimport fabs, pow
from libc.stdint cimport uint8_t

from transcode.kernels cimport cpu

cdef extern from "score_rows.h":
    enum:
        SCORE_SCALES
        SCORE_CHANNELS
        SCORE_MEANS
        SCORE_LEAST

    Py_ssize_t score_scratch(Py_ssize_t width, Py_ssize_t height) nogil
    int score_features(
        const uint8_t *first, Py_ssize_t first_step, const uint8_t *second, Py_ssize_t second_step,
        Py_ssize_t width, Py_ssize_t height, const float *table, const int *channels,
        float *scratch, double *features, bint avx2,
    ) nogil


LEAST = SCORE_LEAST

# The weight of each mean (SSIMULACRA 2, ssimulacra2.cc, Msssim::Score): difference of structure,
# edges added, edges lost; then their fourth norms.
cdef double[108] WEIGHTS = [
    # X: a line a scale
    0, 0.0007376606707406586, 0, 0, 0.0007793481682867309, 0,
    0, 0.0004371155730107379, 0, 1.1041726426657346, 0.00066284834129271, 0.00015231632783718752,
    0, 0.0016406437456599754, 0, 1.8422455520539298, 11.441172603757666, 0,
    0.0007989109436015163, 0.000176816438078653, 0, 1.8787594979546387, 10.94906990605142, 0,
    0.0007289346991508072, 0.9677937080626833, 0,
    0.00014003424285435884, 0.9981766977854967, 0.00031949755934435053,
    0.0004550992113792063, 0, 0, 0.0013648766163243398, 0, 0,
    # Y: a line a scale
    0, 0, 0, 7.466890328078848, 0, 17.445833984131262,
    0.0006235601634041466, 0, 0, 6.683678146179332, 0.00037724407979611296, 1.027889937768264,
    225.20515300849274, 0, 0, 19.213238186143016, 0.0011401524586618361, 0.001237755635509985,
    176.39317598450694, 0, 0, 24.43300999870476, 0.28520802612117757, 0.0004485436923833408,
    0, 0, 0, 34.77906344483772, 44.835625328877896, 0,
    0, 0, 0, 0, 0, 0,
    # B-Y: a line a scale
    0, 0.0008680556573291698, 0, 0, 0, 0,
    0, 0.0005313191874358747, 0, 0.00016533814161379112, 0, 0,
    0, 0, 0, 0.0004179171803251336, 0.0017290828234722833, 0,
    0.0020827005846636437, 0, 0, 8.826982764996862, 23.19243343998926, 0,
    95.1080498811086, 0.9863978034400682, 0.9834382792465353,
    0.0012286405048278493, 171.2667255897307, 0.9807858872435379,
    0, 0, 0, 0.0005130064588990679, 0, 0.00010854057858411537,
]

# Channels that count in each scale of a picture that has all six; X, Y, B-Y from the lowest bit.
# Channels left out have no weight above 0.0021, which is less than 0.01 points.
cdef int[6] WEIGHED = [2, 3, 3, 7, 7, 0]

# A picture of less than 256 rows or columns has fewer scales; the weights are then taken in the same
# order, closed up, as the original does, and hit others.
cdef int[6] ALL = [7, 7, 7, 7, 7, 7]

# Linear light of the values of sRGB (IEC 61966-2-1).
cdef float[256] LIGHT
for _value in range(256):
    LIGHT[_value] = (
        _value / 255.0 / 12.92 if _value <= 0.04045 * 255 else ((_value / 255.0 + 0.055) / 1.055) ** 2.4
    )


cdef bint has_all_scales(Py_ssize_t width, Py_ssize_t height) noexcept nogil:
    cdef Py_ssize_t side = min(width, height)
    cdef int _scale
    for _scale in range(SCORE_SCALES - 1):
        side = (side + 1) // 2
    return side >= SCORE_LEAST


cdef double weighed(const double *features, int scales) noexcept nogil:
    """The score of all means."""
    cdef double total = 0
    cdef int channel, scale, mean
    cdef int i = 0
    for channel in range(SCORE_CHANNELS):
        for scale in range(scales):
            for mean in range(SCORE_MEANS):
                total += WEIGHTS[i] * fabs(features[(scale * SCORE_CHANNELS + channel) * SCORE_MEANS + mean])
                i += 1
    total *= 0.9562382616834844
    total = 2.326765642916932 * total + total * total * (6.248496625763138e-05 * total - 0.020884521182843837)
    return 100.0 - 10.0 * pow(total, 0.6276336467831387) if total > 0 else 100.0


def scratch_length(Py_ssize_t width, Py_ssize_t height):
    if width < 1 or height < 1:
        raise ValueError(f"a picture of {width} x {height} samples")
    return score_scratch(width, height)


def ssimulacra2(
    const uint8_t[:, :, :] first not None, const uint8_t[:, :, :] second not None,
    float[::1] scratch not None,
):
    cdef Py_ssize_t height = first.shape[0]
    cdef Py_ssize_t width = first.shape[1]
    cdef bint avx2 = cpu.current() >= cpu.AVX2
    cdef double[108] features
    cdef const int *channels = ALL
    cdef double score
    if second.shape[0] != height or second.shape[1] != width:
        raise ValueError(
            f"pictures of {width} x {height} and {second.shape[1]} x {second.shape[0]} samples"
        )
    if height < SCORE_LEAST or width < SCORE_LEAST:
        raise ValueError(f"pictures of {width} x {height} samples; {SCORE_LEAST} each way at least")
    if first.shape[2] != 3 or second.shape[2] != 3:
        raise ValueError("pictures must have three channels")
    if first.strides[2] != 1 or first.strides[1] != 3 or second.strides[2] != 1 or second.strides[1] != 3:
        raise ValueError("the samples of a row must stand side by side")
    if scratch.shape[0] < score_scratch(width, height):
        raise ValueError(f"scratch of {scratch.shape[0]}; {score_scratch(width, height)} are needed")
    with nogil:
        if has_all_scales(width, height):
            channels = WEIGHED
        score = weighed(features, score_features(
            &first[0, 0, 0], first.strides[0], &second[0, 0, 0], second.strides[0], width, height,
            LIGHT, channels, &scratch[0], features, avx2,
        ))
    return score
