"""Writes the profile files of countries from the data set that they were collected in.

Usage: python profiles/tools/convert.py DATA_DIR [COUNTRY...] [--out FOLDER]

DATA_DIR holds carriers.csv; a country is its two-letter code, and its file is
written anew, so a repair by hand belongs into the data set as well; without one,
all are. README.md beside this folder says how a figure is chosen. Afterwards
index.py makes the index anew.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

HEADER = """\
# MMS limits of the networks and virtual operators of {country}, each figure with its provenance.
#
# max_message_bytes   bytes, of the whole encoded message
# max_image_*         pixels, for a landscape picture; turned for a portrait one
# max_recipients      addresses
# max_subject_chars   characters
# max_frame_rate      frames a second
# mmsc                the address most frequent in the access point settings
#
# value is the smallest that a current source gives, high the largest where they disagree. A missing key:
# nobody says. Made by convert.py; README.md has the rules.
"""

#: Each source: what it is, where it was found, and its date; None: undated.
SOURCES: dict[str, tuple[str, str, str | None]] = {
    "G26": (
        "Google Messages, configuration by MCC-MNC, as extracted by the QUIK project",
        "github.com/octoshrimpy/quik android-smsmms/src/main/res/xml-mcc*/mms_config.xml",
        "2026-01-01",
    ),
    "P26": (
        "Pixel carrier settings, British operators",
        "github.com/nlgntr/pixel-carriersettings-extractor extracted/android_17_2026_07_*",
        "2026-07-11",
    ),
    "P25": (
        "Pixel carrier settings, all countries",
        "github.com/TheMuppets/proprietary_vendor_google_tokay proprietary/product/etc/CarrierSettings/*.pb",
        "2025-02-06",
    ),
    "C25": (
        "Android CarrierConfig application",
        "github.com/msft-mirror-aosp/platform.packages.apps.CarrierConfig assets/carrier_config_*.xml",
        "2025-03-19",
    ),
    "M15": (
        "Android Messaging application, configuration by MCC-MNC",
        "github.com/LineageOS/android_packages_apps_Messaging res/xml-mcc*/mms_config.xml",
        "2015-08-12",
    ),
    "CARRIER": (
        "the operator's own support page",
        "AT&T KM1041906, T-Mobile DOC-3309, support.three.co.uk",
        None,
    ),
    "THIRD": ("a messaging provider, reseller or user; quoted in notes only", "named in the note", None),
    "APN": ("access point settings", "github.com/LineageOS/android_vendor_apn", "2026-07-20"),
    "DEFAULT": (
        "what Android takes when the operator gives no value",
        "github.com/msft-mirror-aosp/platform.packages.services.Mms MmsService.java",
        "2025-03-08",
    ),
}

#: Whose word counts for a value. The old one counts where none of these speaks.
CURRENT = ("G26", "P26", "P25", "C25", "CARRIER")
OLD = "M15"

#: Claims that are read as another: a height of 1994 beside a width of 2592 is
#: taken for a slip of 1944, which all others have.
SLIPS = {"img=2592x1994": "img=2592x1944"}

#: What a user should know about one entry and no column says.
WARNINGS = {
    "us-tmobile": "The operator accepts 1 MB from its own subscribers and delivers up to 3 MB to them.",
    "us-uscellular": "500,000 bytes is the careful figure for delivery to this network.",
    "us-cricket": "1,048,576 is the likely truth: the two newer of three sources have it.",
    "us-sprint": "Merged into T-Mobile US.",
    "us-google-fi": "The source has a height of 1994, which is read as 1944.",
    "ca-freedom": "1,048,576 is the likely truth: only one source is low, and it looks like a default.",
    "ca-koodo": "One source only; the host network, ca-telus, is held to 1,048,576.",
    "ca-public": "One source only; the host network, ca-telus, is held to 1,048,576.",
    "ca-pc-mobile": "The size depends on the host network: 614,400 on Bell, 1,048,576 on Telus.",
}

#: Key in a profile, the column, the key in a claim, and how the claim's value is read.
Reader = Callable[[str], int | bool]
KEYS: tuple[tuple[str, str, str, Reader], ...] = (
    ("mms_enabled", "mms_enabled", "mms", lambda text: text == "yes"),
    ("max_message_bytes", "max_message_bytes", "size", int),
    ("max_image_width", "max_image_width", "img", lambda text: int(text.split("x")[0])),
    ("max_image_height", "max_image_height", "img", lambda text: int(text.split("x")[1])),
    ("max_recipients", "max_recipients", "rcpt", int),
    ("max_subject_chars", "max_subject_chars", "subj", int),
    ("max_frame_rate", "max_video_fps", "fps", int),
    ("audio_attach_ok", "audio_attach_allowed", "audio", lambda text: text == "yes"),
    ("content_disposition_ok", "content_disposition_ok", "cdisp", lambda text: text == "yes"),
    ("slide_duration_ok", "slide_duration_ok", "slidedur", lambda text: text == "yes"),
)


@dataclass(frozen=True)
class Claim:
    """What one source says: its tag, a key, ``=``, ``~`` (about) or ``<``, and a value as written."""

    tag: str
    key: str
    sign: str
    value: str


def claims_of(row: dict[str, str]) -> list[Claim]:
    """The claims column, taken apart."""
    claims = []
    for group in filter(None, row["claims"].split(" | ")):
        tag, _, said = group.partition(":")
        for item in said.split(","):
            item = SLIPS.get(item, item)
            sign = next((sign for sign in "=~<" if sign in item), None)
            if sign is not None:
                key, _, value = item.partition(sign)
                claims.append(Claim(tag, key, sign, value))
    return claims


def about(text: str) -> tuple[int, ...]:
    """The bytes that a rounded size such as ``1MB(send)`` may stand for."""
    number, unit = text.partition("(")[0][:-2], text.partition("(")[0][-2:]
    power = {"KB": 1, "MB": 2}[unit]
    return int(number) * 1000**power, int(number) * 1024**power


def cell(row: dict[str, str], key: str) -> int | bool | None:
    """The chosen value; None where nobody says, or where the source says that there is no limit."""
    text = row[key]
    if text in ("", "-1"):
        return None
    return text == "yes" if text in ("yes", "no") else int(text)


def witnesses(
    claims: Iterable[Claim], name: str, read: Reader, tags: Iterable[str]
) -> dict[str, set[int | bool]]:
    """Each of the tags that speaks of a key, in that order, and the values that it gives."""
    found: dict[str, set[int | bool]] = {}
    for tag in tags:
        for claim in claims:
            if (claim.tag, claim.key) == (tag, name) and claim.sign != "<":
                found.setdefault(tag, set()).update(
                    about(claim.value) if claim.sign == "~" else [read(claim.value)]
                )
    return found


def figure(row: dict[str, str], key: str, column: str, name: str, read: Reader) -> str | None:
    """One figure as an inline table, or None where there is none."""
    value = cell(row, column)
    if value is None:
        return None
    claims = claims_of(row)
    found = witnesses(claims, name, read, CURRENT) or witnesses(claims, name, read, [OLD])
    tags = [tag for tag, values in found.items() if value in values]
    if tags:
        known = "documented" if "CARRIER" in tags else "read from code"
        known = "read from code (old)" if tags == [OLD] else known
    elif key == "max_message_bytes" and row["size_basis"] in ("default", "mms-off"):
        tags, known = ["DEFAULT"], "default only"
    else:
        raise ValueError(f"{row['id']}: no source has {key} = {value}")
    items = [f"value = {json.dumps(value)}", f"source = {json.dumps(tags)}"]
    dates = [date for tag in tags if (date := SOURCES[tag][2])]
    if dates:
        items.append(f"date = {max(dates)}")
    items.append(f"confidence = {json.dumps(known)}")
    exact = [claim for claim in claims if claim.sign == "=" and claim.tag in found and claim.key == name]
    high = max((read(claim.value) for claim in exact), default=value)
    if not isinstance(value, bool) and high > value:
        items.append(f"high = {high}")
    return f"{{ {', '.join(items)} }}"


def notes(row: dict[str, str]) -> list[str]:
    """What a user should be warned of."""
    found = [WARNINGS[row["id"]]] if row["id"] in WARNINGS else []
    sizes: dict[int, list[str]] = {}
    for claim in claims_of(row):
        if claim.key == "size" and claim.sign == "=" and claim.tag in CURRENT:
            sizes.setdefault(int(claim.value), []).append(claim.tag)
    if len(sizes) > 1:
        said = "; ".join(f"{size:,} ({', '.join(tags)})" for size, tags in sorted(sizes.items()))
        found.append(f"Sources disagree on the size: {said}. The smallest holds.")
    for claim in claims_of(row):
        if claim.tag == "THIRD":
            found.append(f"Third parties speak of {third_party(claim)} for this network.")
        if (claim.tag, claim.key, claim.value) == ("P25", "subj", "0"):
            found.append("One source (P25) switches the subject off: do not rely on one.")
        if claim.tag == "CARRIER(old)":
            found.append(f"An older page of the operator's gives about {claim.value}.")
    return list(dict.fromkeys(found))


def third_party(claim: Claim) -> str:
    """A third party's size in words."""
    if claim.sign == "~":
        return f"about {claim.value}"
    low, _, high = claim.value.partition("..")
    if claim.sign == "<":
        return f"less than {int(low):,} bytes"
    return f"{int(low):,} to {int(high):,} bytes" if high else f"{int(low):,} bytes"


def matches(text: str) -> list[str]:
    """What tells a virtual operator from its host; a name may hold blanks, an empty one tells nothing."""
    found = [match.strip() for match in re.split(r" (?=\w+=)", text)]
    return list(dict.fromkeys(match for match in found if not match.endswith("=")))


def strings(key: str, values: list[str]) -> str:
    """A list of strings, wrapped where it is long."""
    line = f"{key} = {json.dumps(values, ensure_ascii=False)}"
    if len(line) <= 110:
        return line
    if key == "notes":
        body = "\n".join(f"  {json.dumps(value, ensure_ascii=False)}," for value in values)
    else:
        body = textwrap.fill(
            ", ".join(json.dumps(value) for value in values) + ",",
            110,
            initial_indent="  ",
            subsequent_indent="  ",
            break_on_hyphens=False,
        )
    return f"{key} = [\n{body}\n]"


def entry(row: dict[str, str]) -> str:
    """One network as a table."""
    lines = [f"[{row['id']}]"]
    lines += [f"{key} = {json.dumps(row[key], ensure_ascii=False)}" for key in ("name", "kind", "country")]
    lines.append(strings("mcc_mnc", row["mcc_mnc"].split()))
    if row["carrier_id"]:
        lines.append(f"carrier_id = {int(row['carrier_id'])}")
    if row["mvno_match"]:
        lines.append(strings("mvno_match", matches(row["mvno_match"])))
    if row["mmsc_url"]:
        lines.append(f"mmsc = {json.dumps(row['mmsc_url'])}")
    for key, column, name, read in KEYS:
        text = figure(row, key, column, name, read)
        if text:
            lines.append(f"{key} = {text}")
    warnings = notes(row)
    if warnings:
        lines.append(strings("notes", warnings))
    return "\n".join(lines)


def sources(body: str) -> str:
    """The table of the sources that a file speaks of."""
    lines = ["[sources]"]
    for tag, (what, where, date) in SOURCES.items():
        if tag == "APN" or f'"{tag}"' in body or (tag == "THIRD" and "Third parties" in body):
            dated = f", date = {date}" if date else ""
            lines.append(f"{tag} = {{ what = {json.dumps(what)}, where = {json.dumps(where)}{dated} }}")
    return "\n".join(lines)


def country_file(rows: list[dict[str, str]], country: str) -> str:
    """The file of one country, networks first."""
    chosen = [row for row in rows if row["country"] == country.upper()]
    if not chosen:
        raise ValueError(f"{country}: no rows")
    chosen.sort(key=lambda row: (row["kind"] != "network", row["id"]))
    body = "\n\n".join(entry(row) for row in chosen)
    return f"{HEADER.format(country=country.upper())}\n{sources(body)}\n\n{body}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the profile files of countries.")
    parser.add_argument("data", type=Path, help="the folder that holds carriers.csv")
    parser.add_argument("countries", nargs="*", help="two-letter codes; default: all")
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parents[1], help="where to write; default: profiles"
    )
    given = parser.parse_args()
    with (given.data / "carriers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for country in given.countries or sorted({row["country"] for row in rows if row["country"]}):
        text = country_file(rows, country)
        (given.out / f"{country.lower()}.toml").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
