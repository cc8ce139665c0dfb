"""Writes providers.toml from the data set: messaging providers, their routes, and what applications take.

Usage: python profiles/tools/providers.py DATA_DIR [--out FOLDER]

DATA_DIR holds providers.csv. A repair by hand is lost, so it belongs into the
data set as well. Afterwards index.py makes the index anew.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
from pathlib import Path

HEADER = """\
# Limits of messaging providers and of applications, each figure with its provenance.
#
# The key of a route is provider:sender type:destination, with the id of the network that it goes to; "any"
# stands for all. A route extends its provider's account: what it does not say itself holds from there.
#
# max_message_bytes   bytes; "KB" and "MB" of a page are 1,000 and 1,000,000 here, the safe reading
# max_file_bytes      bytes of one medium
# max_files           media in one message
# max_text_chars      characters of text
# recommended_bytes   what the page advises; it binds where it is asked for
# counts              what the page says that its limit counts; here it is the whole message, which is safe
# transcodes          what the provider says that it adapts by itself
#
# Made by providers.py; README.md has the rules.
"""

#: The network that a destination of the data set is.
DESTINATIONS = {
    "any": "any",
    "AT&T": "us-att",
    "T-Mobile": "us-tmobile",
    "Verizon": "us-verizon",
    "Sprint": "us-sprint",
    "UScellular": "us-uscellular",
    "all Canadian networks": "ca",
    "most US and CA networks": "na",
    "Telstra": "au-telstra",
    "Optus": "au-optus",
    "Vodafone AU": "au-vodafone",
}

#: Keys that do not follow from the columns, because several rows of a provider share those.
KEYS = {
    "sinch-upload-plain": "sinch",
    "sinch-upload-transcoding": "sinch-transcoding",
    "bandwidth-api": "bandwidth",
    "bandwidth-mm4": "bandwidth-mm4",
    "bandwidth-tollfree": "bandwidth:toll_free:any",
    "signalwire-local": "signalwire:long_code:any",
    "signalwire-tollfree": "signalwire:toll_free:any",
    "flowroute": "flowroute",
    "aws-other": "aws",
    "aws-image": "aws-pictures",
    "azure-acs": "azure",
    "vonage": "vonage",
    "commio": "commio",
    "revere": "revere",
    "android-default": "android-platform",
    "infobip": "infobip",
    "braze": "braze",
}

_PICTURES = ["image/jpeg", "image/png", "image/gif"]
_CLIPS = ["video/mp4", "video/3gpp"]
#: Content types of the rows whose page lists them, in our words: those of the lists that we can make.
FORMATS = {
    "twilio": [*_PICTURES, *_CLIPS, "audio/amr", "audio/mp4", "audio/mpeg"],
    "telnyx": [*_PICTURES, *_CLIPS, "audio/mpeg", "audio/amr"],
    "signalwire:long_code:any": [
        *_PICTURES,
        "video/mp4",
        "video/3gpp",
        "audio/amr",
        "audio/mp4",
        "audio/mpeg",
    ],
    "flowroute": [*_PICTURES, *_CLIPS, "audio/amr", "audio/mpeg"],
    "aws": [*_PICTURES, *_CLIPS, "audio/amr", "audio/mpeg"],
    "aws-pictures": _PICTURES,
    "infobip": [*_PICTURES, *_CLIPS, "audio/mp4", "audio/mpeg"],
    "braze": _PICTURES,
    "commio": [*_PICTURES, "video/3gpp", "audio/amr", "audio/mp4", "audio/mpeg"],
    "salesforce": [*_PICTURES, "video/mp4", "audio/amr", "audio/mp4", "audio/mpeg"],
    "revere": ["image/jpeg", "image/png", "image/gif"],
}

#: Rules that stand in a row's words and in no column: key, then lines with the row's provenance.
RULES = {
    "commio": {
        "codecs": ["h263", "mpeg4", "amr_nb", "aac", "mp3"],
        "max_frame_rate": 15,
        "max_seconds": 15,
    },
    "sinch": {"max_subject_chars": 80},
    "android-platform": {"max_subject_chars": 40, "max_image_width": 640, "max_image_height": 480},
    "mbuni": {"max_image_width": 640, "max_image_height": 480},
    "au-telstra": {"max_subject_chars": 64},
    "au-optus": {"max_subject_chars": 64},
    "au-vodafone": {"max_subject_chars": 64},
}

#: What stands for the size where a page gives none: the floor of North America.
FLOOR = 600_000

#: A limit on the base64 form, as bytes of the message: 76 characters and an end
#: of line for each 57 octets (RFC 2045, 6.8).
BASE64 = 57 / 78


def slug(provider: str) -> str:
    """A provider's name as the first part of a key."""
    first = re.split(r" \(| / | End User| Communication| Marketing", provider)[0]
    return re.sub(r"[^a-z0-9]+", "-", first.lower()).strip("-")


def key_of(row: dict[str, str]) -> str:
    """The key of a row."""
    if row["id"] in KEYS:
        return KEYS[row["id"]]
    provider = (
        row["id"].removesuffix("-default") if row["scope"] == "client default" else slug(row["provider"])
    )
    destination = DESTINATIONS[row["destination"]]
    if row["scope"] in ("account", "client default") and destination == "any":
        return provider
    return f"{provider}:{row['sender_type'].lower()}:{destination}"


def size_of(row: dict[str, str]) -> tuple[int, str]:
    """The limit on the whole message, and how well it is known."""
    if not row["max_message_bytes"]:
        return FLOOR, "default only"
    size = int(row["max_message_bytes"])
    if "base64 form" in row["applies_to"] and "binary size" not in row["applies_to"]:
        size = int(size * BASE64)
    return size, row["confidence"]


def entry(row: dict[str, str], key: str, accounts: set[str]) -> str:
    """One row as a table."""
    tag = tag_of(row)
    dated = f", date = {json.dumps(row['source_date'])}" if row["source_date"] else ""

    def figure(value: object, confidence: str, source: str = tag, date: str = dated) -> str:
        told = json.dumps(value)
        known_by = f"confidence = {json.dumps(confidence)}"
        return f"{{ value = {told}, source = [{json.dumps(source)}]{date}, {known_by} }}"

    kind = {"client default": "client"}.get(row["scope"], row["scope"])
    to = "" if row["destination"] in ("any", "") else f" to {row['destination']}"
    sender = "" if row["sender_type"] in ("any", "phone") else f", {row['sender_type'].replace('_', ' ')}"
    lines = [
        f"[{json.dumps(key) if ':' in key else key}]",
        f"name = {json.dumps(row['provider'] + sender + to)}",
    ]
    lines.append(f"kind = {json.dumps(kind)}")
    account = key.partition(":")[0]
    if key != account and account in accounts:
        lines.append(f"extends = {json.dumps(account)}")
    if len(row["country"]) == 2:
        lines.append(f"country = {json.dumps(row['country'])}")
    size, known = size_of(row)
    if known == "default only":
        lines.append(f"max_message_bytes = {figure(size, known, 'FLOOR', '')}")
    else:
        lines.append(f"max_message_bytes = {figure(size, known)}")
    for name, column in (
        ("max_file_bytes", "max_per_file_bytes"),
        ("max_files", "max_attachments"),
        ("max_text_chars", "max_text_chars"),
        ("recommended_bytes", "recommended_bytes"),
    ):
        if row[column]:
            lines.append(f"{name} = {figure(int(row[column]), row['confidence'])}")
    rules = RULES.get(key) or RULES.get(key.rpartition(":")[2] if account == "intellisms" else "") or {}
    lines += [f"{name} = {figure(value, row['confidence'])}" for name, value in rules.items()]
    if key in FORMATS:
        lines.append(f"formats = {figure(FORMATS[key], row['confidence'])}")
    for name, column in (("counts", "applies_to"), ("transcodes", "transcodes")):
        if row[column]:
            lines.append(f"{name} = {json.dumps(row[column])}")
    notes = [f"The page says: {row['limit_as_written']}."] if row["scope"] != "client default" else []
    notes += [row["notes"]] if row["notes"] else []
    notes += [f"Beyond it: {row['over_limit_behaviour']}."] if row["over_limit_behaviour"] else []
    if known == "default only":
        notes.append("No size is given: 600,000 stands in, the floor of North America.")
    lines.append(
        "notes = [\n" + "\n".join(f"  {json.dumps(note)}," for note in notes) + "\n]" if notes else ""
    )
    return "\n".join(filter(None, lines))


def tag_of(row: dict[str, str]) -> str:
    """The tag of a row's source."""
    word = re.sub(r"[^A-Z0-9]+", "_", slug(row["provider"]).upper())
    pages = PAGES.setdefault(word, [])
    if (row["source"], row["source_date"]) not in pages:
        pages.append((row["source"], row["source_date"]))
    place = pages.index((row["source"], row["source_date"]))
    return word if place == 0 else f"{word}_{place + 1}"


#: The sources of each provider in the order in which they are met.
PAGES: dict[str, list[tuple[str, str]]] = {}


def sources(rows: list[dict[str, str]], body: str) -> str:
    """The table of the sources that figures name."""
    told: dict[str, str] = {}
    for row in rows:
        what = "source code" if row["scope"] == "client default" else "pages"
        dated = f", date = {json.dumps(row['source_date'])}" if row["source_date"] else ""
        where = json.dumps(row["source"])
        told[tag_of(row)] = (
            f"{{ what = {json.dumps(row['provider'] + ', ' + what)}, where = {where}{dated} }}"
        )
    floor = "the floor of North America, which stands in where a page gives no size"
    lines = [f'FLOOR = {{ what = {json.dumps(floor)}, where = "classes.toml, na" }}']
    lines += [f"{tag} = {line}" for tag, line in told.items() if f'["{tag}"]' in body]
    return "\n".join(["[sources]", *lines])


def providers_file(rows: list[dict[str, str]]) -> str:
    """The whole file, in the order of the data set, accounts before their routes."""
    keys = {row["id"]: key_of(row) for row in rows}
    if len(set(keys.values())) != len(keys):
        twice = [key for key in keys.values() if list(keys.values()).count(key) > 1]
        raise ValueError(f"keys that stand for several rows: {twice}")
    accounts = {key for key in keys.values() if ":" not in key}
    body = "\n\n".join(entry(row, keys[row["id"]], accounts) for row in rows)
    return f"{HEADER}\n{sources(rows, body)}\n\n{body}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="Write providers.toml.")
    parser.add_argument("data", type=Path, help="the folder that holds providers.csv")
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parents[1], help="where to write; default: profiles"
    )
    given = parser.parse_args()
    with (given.data / "providers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    (given.out / "providers.toml").write_text(providers_file(rows), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
