"""The state of the installation, as it is, and as it would be without a library."""

from __future__ import annotations

import sys
from pathlib import Path
from unittest import mock

import pytest

from transcode import doctor
from transcode.media import audio_encode, trials, video_encode


def found() -> dict[str, doctor.Finding]:
    return {finding.what: finding for finding in doctor.examine()}


def test_what_the_set_up_promises_is_there() -> None:
    """LittleCMS, WebP, TIFF and FreeType are in this Pillow, and each has a version."""
    findings = found()
    for what in ("LittleCMS", "WebP", "TIFF compression", "PNG", "FreeType", "libjpeg-turbo", "PyAV"):
        assert findings[what].present, what
        assert findings[what].found, what
    missing = {what for what, finding in findings.items() if not finding.present}
    assert missing <= {"vector kernels", "pillow-simd", "pillow-simd with AVX2"}


@pytest.mark.parametrize(
    ("module", "what"), [("av", "PyAV"), ("PIL", "Pillow"), ("transcode.kernels", "kernels")]
)
def test_a_library_that_is_missing_is_a_finding(module: str, what: str) -> None:
    """It is named, with what it costs, and the rest is still looked at."""
    hidden = {name: None for name in sys.modules if name == module or name.startswith(f"{module}.")}
    with mock.patch.dict(sys.modules, {module: None, **hidden}):
        findings = found()
    assert not findings[what].present
    assert findings[what].cost
    assert findings["Python"].present


CODECS = ("HEVC", "AV1", "H.264", "MPEG-4", "H.263", "AAC", "AMR-NB", "AMR-WB", "MP3")


def test_codecs_are_tried() -> None:
    """Each says what it did."""
    findings = found()
    assert {findings[codec].found for codec in CODECS} == {"coded and decoded", "decoded"}


def test_a_codec_that_does_not_work_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is not there, one that refuses its settings, and two that give back something else."""
    monkeypatch.setitem(video_encode._ENCODERS, "h264", "none such")
    monkeypatch.setitem(video_encode._OPTIONS, "mpeg4", {"trellis": "none such"})
    monkeypatch.setattr(trials, "_COLOUR", (108, 99, 81))
    monkeypatch.setitem(audio_encode._ENCODERS, "mp3", "none such")
    findings = found()
    for codec in ("H.264", "MPEG-4", "HEVC", "AV1", "MP3"):
        assert not findings[codec].present, codec
        assert findings[codec].cost, codec
    assert "of 255 apart" in findings["AV1"].found
    assert "mpeg4 at 128 x 96" in findings["MPEG-4"].found
    assert findings["AAC"].present


def test_how_pillow_was_built_is_told(tmp_path: Path) -> None:
    """A library full of 256-bit multiplications is the AVX2 build; one without is not."""
    library = tmp_path / "imaging.so"
    for code, avx2 in ((b"\xc5\xfd\xf5\xc1" * 50 + bytes(1 << 16), True), (bytes(1 << 16), False)):
        library.write_bytes(code)
        with mock.patch.object(doctor, "version", return_value="1"):
            assert doctor._build("1", library).present is avx2
