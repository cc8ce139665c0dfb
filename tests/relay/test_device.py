"""What a phone says of itself in its headers."""

from __future__ import annotations

import pytest

from transcode.relay.device import Device, device_of

URL = "http://phones.example/a.xml"


@pytest.mark.parametrize(
    ("headers", "device"),
    [
        ({}, Device()),
        ({"User-Agent": " phone/1.0 "}, Device(agent="phone/1.0")),
        ({"X-Wap-Profile": f'"{URL}"'}, Device(URL)),
        ({"x-wap-profile": f'"{URL}", "1-Rb0sq/nuUFQU75vAjKyiHw=="'}, Device(URL)),
        ({"Profile": URL}, Device(URL)),
        ({"19-Profile": f'"{URL}"'}, Device(URL)),
        ({"X-Wap-Profile": '"1-Rb0sq/nuUFQU75vAjKyiHw=="', "Profile": URL}, Device(URL)),
        ({"X-Wap-Profile": URL, "X-Wap-Profile-Diff": "1; <a/>"}, Device(URL, ("<a/>",))),
        (
            {"1-Profile": URL, "1-Profile-Diff-1": "<a/>", "1-Profile-Diff-2": "<b/>"},
            Device(URL, ("<a/>", "<b/>")),
        ),
        ({"X-Wap-Profile-Diff": "1;<a/>"}, Device()),
        ({"X-Wap-Profile": URL, "X-Wap-Profile-Diff": "1;" + "a" * 9000}, Device(URL)),
        ({"X-Wap-Profile": "file:///etc/passwd"}, Device()),
        ({"X-Wap-Profile": f"{URL}?{'a' * 1_000_000}"}, Device()),
        ({"X-Wap-Profile": "", "X-Wap-Profile-Diff": ""}, Device()),
        ({"User-Agent": "a" * 1000}, Device(agent="a" * 200)),
        ({"X-Other-Profile": URL, "Profiles": URL}, Device()),
    ],
)
def test_headers(headers: dict[str, str], device: Device) -> None:
    """The names that phones and gateways use; what is no address, or endless, is left out."""
    assert device_of(headers.items()) == device


def test_several_headers_of_a_name() -> None:
    """The first that has an address counts, and all differences do, in order."""
    headers = [
        ("X-Wap-Profile", "none"),
        ("X-Wap-Profile", URL),
        ("X-Wap-Profile", "http://phones.example/b.xml"),
        ("X-Wap-Profile-Diff", "1;<a/>"),
        ("X-Wap-Profile-Diff", "2;<b/>"),
    ]
    assert device_of(headers) == Device(URL, ("<a/>", "<b/>"))
