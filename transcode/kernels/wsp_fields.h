/* Header fields of the Wireless Session Protocol (WAP-230-WSP, 8.4) whose values stand there as the standard
 * has them. Whatever else is possible, and wrong, is somebody else's to read: a scan ends in front of it. */

#ifndef TRANSCODE_WSP_FIELDS_H
#define TRANSCODE_WSP_FIELDS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The first of the numbers that a field may have, and how many there are. */
#define WSP_FIRST 0x80
#define WSP_NUMBERS 64
/* How many fields one scan finds at most. */
#define WSP_MOST 64

/* Kinds of values. */
enum {
    WSP_UNKNOWN,       /* not scanned */
    WSP_WORD,          /* an octet from 0x80 up that stands for something */
    WSP_NUMBER,        /* a short integer, or a long one of at most 8 octets */
    WSP_TEXT,          /* octets of US-ASCII without control characters up to a zero */
    WSP_ENCODED,       /* likewise; or a length, a charset and UTF-8 up to a zero */
    WSP_PAIR,          /* a length, a word and a number */
    WSP_SENDER         /* a length, and 0x80 with an encoded text, or 0x81 alone */
};

#define WSP_LENGTH_QUOTE 0x1F
#define WSP_TEXT_QUOTE 0x7F
#define WSP_US_ASCII 0x83
#define WSP_UTF_8 0xEA
#define WSP_PRESENT 0x80
#define WSP_INSERT 0x81

typedef struct {
    int number;        /* of the field, from 0 up */
    int kind;
    int word;          /* the octet of the word, of kinds that have one */
    int has_text;
    uint64_t value;
    ptrdiff_t start;   /* of the field */
    ptrdiff_t text;    /* of its text, without what stands around it */
    ptrdiff_t length;
} wsp_field;

/* Where the value behind a length of one to three octets begins, and where it ends; 0 if there is none. */
static inline int wsp_within(const uint8_t *octets, ptrdiff_t *at, ptrdiff_t *end)
{
    ptrdiff_t place = *at, length;
    if (place >= *end || octets[place] > WSP_LENGTH_QUOTE)
        return 0;
    length = octets[place++];
    if (length == WSP_LENGTH_QUOTE) {
        if (place >= *end)
            return 0;
        length = octets[place++];
        if (length >= 0x80) {
            if (place >= *end || octets[place] >= 0x80)
                return 0;
            length = (length & 0x7F) << 7 | octets[place++];
        }
    }
    if (length > *end - place)
        return 0;
    *at = place;
    *end = place + length;
    return 1;
}

static inline int wsp_number(const uint8_t *octets, ptrdiff_t *at, ptrdiff_t end, uint64_t *value)
{
    ptrdiff_t place = *at, size;
    uint64_t sum = 0;
    if (place >= end)
        return 0;
    size = octets[place++];
    if (size >= 0x80) {
        *value = size & 0x7F;
        *at = place;
        return 1;
    }
    if (size < 1 || size > 8 || size > end - place)
        return 0;
    while (size--)
        sum = sum << 8 | octets[place++];
    *value = sum;
    *at = place;
    return 1;
}

/* Whether an octet is no character of US-ASCII that can be seen, nor a blank. */
static inline int wsp_unseen(uint8_t octet)
{
    return (uint8_t)(octet - 0x20) >= 0x5F;
}

/* Set the text of a field, and the place behind its value; returns 1. */
static inline int wsp_set_text(wsp_field *field, ptrdiff_t start, ptrdiff_t end, ptrdiff_t *at, ptrdiff_t behind)
{
    field->has_text = 1;
    field->text = start;
    field->length = end - start;
    *at = behind;
    return 1;
}

/* A text of US-ASCII up to a zero; with words, one that has nothing like an encoded word of RFC 2047 in it. */
static inline int wsp_text(
    const uint8_t *octets, ptrdiff_t *at, ptrdiff_t end, int words, wsp_field *field)
{
    const ptrdiff_t start = *at;
    ptrdiff_t place = start;
    if (start >= end || octets[start] == WSP_TEXT_QUOTE)
        return 0;
    for (; place < end && octets[place]; place++) {
        if (wsp_unseen(octets[place]) || (words && octets[place] == '?' && place > start && octets[place - 1] == '='))
            return 0;
    }
    if (place >= end)
        return 0;
    return wsp_set_text(field, start, place, at, place + 1);
}

static inline int wsp_encoded(const uint8_t *octets, ptrdiff_t *at, ptrdiff_t end, wsp_field *field)
{
    static const uint8_t mark[3] = {0xEF, 0xBB, 0xBF};
    ptrdiff_t place = *at, inner = end;
    if (place >= end)
        return 0;
    if (!octets[place] || octets[place] > WSP_LENGTH_QUOTE)
        return wsp_text(octets, at, end, 1, field);
    if (!wsp_within(octets, &place, &inner) || inner - place < 2)
        return 0;
    if (octets[place] != WSP_US_ASCII && octets[place] != WSP_UTF_8)
        return 0;
    place++;
    if (octets[place] == WSP_TEXT_QUOTE)
        return 0;
    if (inner - place > 3 && !memcmp(octets + place, mark, 3))
        return 0;
    for (end = place; end < inner && (octets[end] >= 0x80 || !wsp_unseen(octets[end])); end++)
        ;
    if (end != inner - 1 || octets[end])
        return 0;
    return wsp_set_text(field, place, end, at, inner);
}

static inline int wsp_value(const uint8_t *octets, ptrdiff_t *at, ptrdiff_t end, wsp_field *field)
{
    ptrdiff_t inner = end;
    switch (field->kind) {
    case WSP_WORD:
        field->word = octets[*at];
        return octets[(*at)++] >= 0x80;
    case WSP_NUMBER:
        return wsp_number(octets, at, end, &field->value);
    case WSP_TEXT:
        return wsp_text(octets, at, end, 0, field);
    case WSP_ENCODED:
        return wsp_encoded(octets, at, end, field);
    case WSP_PAIR:
        if (!wsp_within(octets, at, &inner) || inner == *at)
            return 0;
        field->word = octets[(*at)++];
        return wsp_number(octets, at, inner, &field->value) && *at == inner;
    case WSP_SENDER:
        if (!wsp_within(octets, at, &inner) || inner == *at)
            return 0;
        field->word = octets[(*at)++];
        if (field->word == WSP_INSERT)
            return *at == inner;
        return field->word == WSP_PRESENT && wsp_encoded(octets, at, inner, field) && *at == inner;
    default:
        return 0;
    }
}

/* The fields from a place on, up to the first that is not as the standard has it.
 *
 * kinds: of the values, by the number of the field.
 * once, seen: bits of the numbers that may be found once only, and of those that were found before.
 * fields: receives what was found, WSP_MOST at most; the start of the next one stands behind the last.
 * Returns how many. */
static inline int wsp_scan(
    const uint8_t *octets, ptrdiff_t at, ptrdiff_t end, const uint8_t *kinds, uint64_t once, uint64_t seen,
    wsp_field fields[WSP_MOST + 1])
{
    int count;
    for (count = 0; count < WSP_MOST && end - at >= 2; count++) {
        wsp_field *field = &fields[count];
        const int number = octets[at] - WSP_FIRST;
        ptrdiff_t place = at + 1;
        if (number < 0 || number >= WSP_NUMBERS || (once & seen) >> number & 1)
            break;
        memset(field, 0, sizeof *field);
        field->number = number;
        field->kind = kinds[number];
        field->start = at;
        if (!wsp_value(octets, &place, end, field))
            break;
        seen |= (uint64_t)1 << number;
        at = place;
    }
    fields[count].start = at;
    return count;
}

#endif
