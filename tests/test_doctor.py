"""Tests of doctor's findings on the installation, with and without libraries."""

from __future__ import annotations

import base64
import hashlib
import sys
from pathlib import Path
from unittest import mock

import pytest

from transcode import doctor
from transcode.media import trials
from transcode.media.clips import video_encode
from transcode.media.sound import audio_encode


def found() -> dict[str, doctor.Finding]:
    return {finding.what: finding for finding in doctor.examine()}


def test_what_the_set_up_promises_is_there() -> None:
    """The installed Pillow has LittleCMS, WebP, TIFF and FreeType, each with a version."""
    findings = found()
    for what in ("LittleCMS", "WebP", "TIFF compression", "PNG", "FreeType", "libjpeg-turbo", "PyAV"):
        assert findings[what].present, what
        assert findings[what].found, what
    missing = {what for what, finding in findings.items() if not finding.present}
    assert missing <= {"vector kernels", "fixes of Pillow 13.0"}
    assert {what for what, finding in findings.items() if not finding.needed} == {
        "vector kernels",
        "fixes of Pillow 13.0",
        "httpx",
        "uvicorn",
        "prometheus-client",
        "watchfiles",
        "obstore",
        "distributed",
        "confinement",
    }


@pytest.mark.parametrize(
    ("module", "what"),
    [("av", "PyAV"), ("PIL", "Pillow"), ("numpy", "NumPy"), ("transcode.kernels", "kernels")],
)
def test_a_library_that_is_missing_is_a_finding(module: str, what: str) -> None:
    """A missing library is reported with its effect, and all other checks still run."""
    hidden = {name: None for name in sys.modules if name == module or name.startswith(f"{module}.")}
    with mock.patch.dict(sys.modules, {module: None, **hidden}):
        findings = found()
    assert not findings[what].present
    assert findings[what].cost
    assert findings[what].needed
    assert findings["Python"].present


CODECS = ("HEVC", "AV1", "H.264", "MPEG-4", "H.263", "AAC", "AMR-NB", "AMR-WB", "MP3")


def test_codecs_are_tried() -> None:
    """The finding of each codec says whether it encoded and decoded."""
    findings = found()
    assert {findings[codec].found for codec in CODECS} == {"encoded and decoded", "decoded"}


def test_a_codec_that_does_not_work_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Codecs that are absent, refuse their settings, or return wrong data are reported as missing."""
    monkeypatch.setitem(video_encode._ENCODERS, "h264", "none such")
    monkeypatch.setitem(video_encode._OPTIONS, "mpeg4", {"trellis": "none such"})
    monkeypatch.setattr(trials, "_COLOUR", (108, 99, 81))
    monkeypatch.setitem(audio_encode._ENCODERS, "mp3", "none such")
    findings = found()
    for codec in ("H.264", "MPEG-4", "HEVC", "AV1", "MP3"):
        assert not findings[codec].present, codec
        assert findings[codec].cost, codec
    assert "differ from the input by" in findings["AV1"].found
    assert "mpeg4 at 128 x 96" in findings["MPEG-4"].found
    assert findings["AAC"].present


def installed(folder: Path, name: str, number: str, code: bytes) -> None:
    """Create the files of an installed package with a library, as pip writes them."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(code).digest()).rstrip(b"=").decode()
    about = folder / f"{name.replace('-', '_')}-{number}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {number}\n")
    (about / "RECORD").write_text(f"PIL/imaging.so,sha256={digest},{len(code)}\n")
    (folder / "PIL").mkdir(exist_ok=True)
    (folder / "PIL" / "imaging.so").write_bytes(code)


@pytest.mark.parametrize("last", ["pillow", "pillow-simd"])
def test_the_pillow_that_runs_is_told(last: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pip lists both packages; the package that was installed last has overwritten the other."""
    versions = {"pillow": "13.0.0", "pillow-simd": "12.1.1"}
    first = "pillow" if last == "pillow-simd" else "pillow-simd"
    for name in (first, last):
        installed(tmp_path, name, versions[name], name.encode() * 9)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    finding = doctor._build(versions[last], tmp_path / "PIL" / "imaging.so")
    assert finding.found.startswith(f"{last} {versions[last]} over {first} {versions[first]}")
    (tmp_path / "PIL" / "imaging.so").write_bytes(b"built by hand")
    assert "unknown origin" in doctor._build("13.0.0", tmp_path / "PIL" / "imaging.so").found


def test_fixes_of_pillow_are_told() -> None:
    """The finding on security fixes follows from the running version."""
    assert [doctor._fixes(number).present for number in ("12.1.1.post0", "12.3.0", "13.0.0", "14.1")] == [
        False,
        False,
        True,
        True,
    ]
