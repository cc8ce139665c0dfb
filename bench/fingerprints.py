"""Write the SHA-256 of all outputs for a corpus: ``python -m bench.fingerprints SHARED -o FILE``.

To prove that a change of code changes no output, write the hashes before and after the change, and compare
the files with diff. A line has the hash or the name of the error, the kind of output, the receiver, and the
source:

    rendition   each media file, fitted for each receiver
    message     each media file in its own message, and four photos in one message, as MM1, MM4 and MM7
    written     each message of the corpus, written again in each form, also after conversion to each type

The hashes do not cover reports. With ``TRANSCODE_CPU=portable`` the kernels use no vector code; the hashes
are the same.
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

#: A current network, a receiver of three formats under 300,000 bytes, and the class of early phones.
RECEIVERS = ("us-att", "world", "oma-image-rich")

#: Folders of media and of messages in the corpus.
MEDIA = ("media", "cases")
MESSAGES = ("vectors", "vectors-fresh", "cases/wire")

#: Number of pictures in one message.
PICTURES = 4

#: The date of MM4 mails, in seconds since 1970. Unsent messages have no date.
DATE = 1_700_000_000

#: The message types to which messages are converted.
TYPES: tuple[MessageType, ...] = (
    "m-send-req",
    "m-retrieve-conf",
    "m-notification-ind",
    "mm4-forward-req",
    "mm7-submit-req",
    "mm7-deliver-req",
)

#: Functions that write a message in each form.
FORMS: dict[str, Callable[[transcode.Message], bytes]] = {
    "mm1": lambda message: message.to_mm1(strict=False),
    "mm4": lambda message: message.to_mm4(date=DATE, strict=False),
    "mm7": lambda message: message.to_mm7(strict=False).body,
}


def fingerprint(make: Callable[[], bytes]) -> str:
    """The SHA-256 of an output, or the name of the error."""
    try:
        return hashlib.sha256(make()).hexdigest()
    except transcode.TranscodeError as error:
        return type(error).__name__


def in_all_forms(made: Callable[[], transcode.Message]) -> Iterator[tuple[str, str]]:
    """The form and the fingerprint of a message in each form, or the name of the error."""
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
    """The fingerprints of media for each receiver: the message, and for a single medium its rendition."""
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
    """The fingerprints of a message written in each form, unchanged and converted to each type."""
    read = partial(transcode.read, paths[0].read_bytes())
    lines = [(f"written {form}", found) for form, found in in_all_forms(read)]
    for name in TYPES:
        lines += [
            (f"{name} {form}", found) for form, found in in_all_forms(partial(converted, paths[0], name))
        ]
    return lines


def converted(path: Path, message_type: MessageType) -> transcode.Message:
    """The message of a file, converted to another type."""
    return transcode.read(path.read_bytes()).converted(message_type)


def work(shared: Path) -> Iterator[tuple[str, Callable[[list[Path]], list[tuple[str, str]]], list[Path]]]:
    """The tasks: the name of the source, the function, and the files."""
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
    """All files below a folder, sorted by path."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def main() -> int:
    """Write the fingerprints of a corpus."""
    parser = argparse.ArgumentParser(prog="python -m bench.fingerprints", description=main.__doc__)
    parser.add_argument("shared", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--jobs", type=int, default=2, help="number of parallel processes")
    parser.add_argument("--only", default="", help="text that the name of a source must contain")
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
