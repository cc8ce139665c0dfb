"""``transcode inspect``: names and texts of strangers steer nothing."""

from __future__ import annotations

from pathlib import Path

import transcode
from tests.cli.command import run


def test_hostile_names_stay_inside(tmp_path: Path) -> None:
    """A part that calls itself ../../evil stays in the directory; of control codes only line ends show."""
    message = transcode.Message(
        to=("1/TYPE=PLMN",),
        transaction_id="T1",
        content_type="application/vnd.wap.multipart.mixed",
        parts=(
            transcode.Part("text/plain", b"\x1b[31mred\r\n\rgreen", name="../../evil", charset="us-ascii"),
        ),
    )
    path = tmp_path / "m.mms"
    path.write_bytes(message.to_mm1())
    shown = run("inspect", path, "--extract", tmp_path / "parts")
    assert shown.returncode == 0, shown.stderr
    assert [file.name for file in (tmp_path / "parts").iterdir()] == ["01-_.._evil"]
    assert "\ufffd[31mred\n\ufffdgreen" in shown.stdout


def test_presentations_without_end(tmp_path: Path) -> None:
    """Elements within elements, and more slides than parts, are shown as any other's."""
    depth = 3000
    show = b"<smil><body>" + b"<seq>" * depth + b'<par><img src="a.gif"/></par>' * 2 + b"</seq>" * depth
    message = transcode.Message(
        to=("1/TYPE=PLMN",),
        transaction_id="T1",
        parts=(
            transcode.Part("application/smil", show + b"</body></smil>", content_id="smil"),
            transcode.Part("image/gif", b"GIF89a", content_location="a.gif"),
        ),
    )
    path = tmp_path / "m.mms"
    path.write_bytes(message.to_mm1())
    shown = run("inspect", path)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.count("5 s  02-a.gif") == 2
