"""SHA-256 of what the engine makes of a corpus: ``python -m bench.fingerprints SHARED -o FILE``.

Whoever moves code and means to change no output writes them before and after, and compares both with diff.
A line has the hash, or the name of the error; what was made, for whom; and of which source:

    rendition   each file of the media, fitted for each receiver
    message     each of them in a message of its own, and four photos in one, as MM1, MM4 and MM7
    written     each message of the corpus, written again in each form, also as one of another type

Words of reports are no part of it. With ``TRANSCODE_CPU=portable`` kernels go without vector code; the
hashes are the same.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import transcode
from transcode.model import MessageType

#: A network of today, one whose phones take three formats under 300,000 bytes, and one of the first phones.
RECEIVERS = ("us-att", "world", "oma-image-rich")

#: Where media and messages are, below the corpus.
MEDIA = ("media", "cases")
MESSAGES = ("vectors", "vectors-fresh", "cases/wire")

#: Pictures of one message.
PICTURES = 4

#: The date of mails, in seconds since 1970: those that were not sent have none of their own.
DATE = 1_700_000_000

#: What messages are converted to.
TYPES: tuple[MessageType, ...] = (
    "m-send-req",
    "m-retrieve-conf",
    "m-notification-ind",
    "mm4-forward-req",
    "mm7-submit-req",
    "mm7-deliver-req",
)

#: Writing a message in each form.
FORMS: dict[str, Callable[[transcode.Message], bytes]] = {
    "mm1": lambda message: message.to_mm1(strict=False),
    "mm4": lambda message: message.to_mm4(date=DATE, strict=False),
    "mm7": lambda message: message.to_mm7(strict=False).body,
}


def fingerprint(make: Callable[[], bytes]) -> str:
    """The hash of what is made, or which error came instead."""
    try:
        return hashlib.sha256(make()).hexdigest()
    except transcode.TranscodeError as error:
        return type(error).__name__


def in_all_forms(made: Callable[[], transcode.Message]) -> Iterator[tuple[str, str]]:
    """A message, or the error instead of it, in each form."""
    try:
        message = made()
    except transcode.TranscodeError as error:
        yield "all forms", type(error).__name__
        return
    for form, write in FORMS.items():
        yield form, fingerprint(partial(write, message))


def fitted_octets(path: Path, limits: transcode.Limits) -> bytes:
    """The octets of a file's rendition."""
    return transcode.fit(path, limits).data


def of_media(paths: list[Path]) -> list[tuple[str, str]]:
    """What media become for each receiver: one by itself too, several only in a message."""
    lines = []
    for receiver in RECEIVERS:
        profile = transcode.find_profile(receiver)
        if len(paths) == 1:
            fitted = partial(fitted_octets, paths[0], profile.limits())
            lines.append((f"rendition {receiver}", fingerprint(fitted)))
        composed = partial(
            transcode.compose, paths, profile, to=["+15555550100"], subject="Print", text="One"
        )
        lines += [(f"message {receiver} {form}", found) for form, found in in_all_forms(composed)]
    return lines


def of_message(paths: list[Path]) -> list[tuple[str, str]]:
    """What somebody's message becomes when it is written again, as it is and as one of another type."""
    read = partial(transcode.read, paths[0].read_bytes())
    lines = [(f"written {form}", found) for form, found in in_all_forms(read)]
    for name in TYPES:
        lines += [
            (f"{name} {form}", found) for form, found in in_all_forms(partial(converted, paths[0], name))
        ]
    return lines


def converted(path: Path, message_type: MessageType) -> transcode.Message:
    """Somebody's message as one of another type."""
    return transcode.read(path.read_bytes()).converted(message_type)


def work(shared: Path) -> Iterator[tuple[str, Callable[[list[Path]], list[tuple[str, str]]], list[Path]]]:
    """What there is to do: a name, who does it, and of which files."""
    for folder in MESSAGES:
        for path in files(shared / folder):
            yield str(path.relative_to(shared)), of_message, [path]
    for folder in MEDIA:
        for path in files(shared / folder):
            if not any(path.is_relative_to(shared / name) for name in MESSAGES):
                yield str(path.relative_to(shared)), of_media, [path]
    photos = [path for path in files(shared / "media" / "image") if path.suffix == ".jpg"]
    for first in range(0, len(photos), PICTURES):
        some = photos[first : first + PICTURES]
        yield f"pictures from {some[0].name} on", of_media, some


def files(folder: Path) -> list[Path]:
    """All files below a folder, in order of their paths."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def main() -> int:
    """Write the fingerprints of a corpus."""
    parser = argparse.ArgumentParser(prog="python -m bench.fingerprints", description=main.__doc__)
    parser.add_argument("shared", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time")
    parser.add_argument("--only", default="", help="what must stand in the name of a source")
    asked = parser.parse_args()
    tasks = [task for task in work(asked.shared) if asked.only in task[0]]
    with (
        ProcessPoolExecutor(asked.jobs, mp_context=get_context("spawn")) as pool,
        asked.output.open("w") as out,
    ):
        running = [(name, pool.submit(do, paths)) for name, do, paths in tasks]
        for number, (name, future) in enumerate(running, 1):
            out.writelines(f"{found}  {what}  {name}\n" for what, found in future.result())
            sys.stderr.write(f"\r{number} of {len(running)}")
    sys.stderr.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
