"""``transcode send``: to message centres over HTTP and to mail servers, with what they answer."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import transcode
from tests.cli.command import Done, run
from tests.made.messages import written
from tests.peer import peer
from tests.transport.centre import SENT, Centre
from tests.transport.conftest import centre as centre
from tests.transport.mail_centre import MailCentre, running
from tests.transport.mail_servers import exim
from transcode import transport
from transcode.cli.schema import schema
from transcode.messages import message
from transcode.messages.message import Message
from transcode.model import MessageFields
from transcode.transport.submit import PDU_CONTENT_TYPE
from transcode.wire import convert
from transcode.wire.mm1 import pdu_writer
from transcode.wire.mm7 import mm7

NEW = ["--to", "+1 (555) 555-0199"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "m.mms"
    path.write_bytes(SENT.to_mm1())
    return path


def told_by(done: Done) -> dict[str, Any]:
    """The object that a command printed, as its schema says."""
    found: dict[str, Any] = json.loads(done.stdout)
    jsonschema.Draft202012Validator(schema("send")).validate(found)
    return found


def confirm(centre: Centre, *headers: tuple[str, str]) -> None:
    """Let the centre answer with an M-Send.conf of these headers."""
    answer = MessageFields("m-send-conf", "T1", headers=headers, content_type=None)
    centre.content_type, centre.body = PDU_CONTENT_TYPE, pdu_writer.to_bytes(answer, strict=False)


def accept(centre: Centre) -> None:
    confirm(centre, ("X-Mms-Response-Status", "Ok"), ("Message-ID", "M1"), ("X-Mms-Response-Text", "thanks"))


def own(tmp_path: Path, lines: str) -> Path:
    path = tmp_path / "own.toml"
    path.write_text(f"[profile]\n{lines}\n")
    return path


def test_mm1(centre: Centre, file: Path) -> None:
    """The centre gets the changed message with the same parts; its answer is on stdout."""
    accept(centre)
    wanted = ["--subject", "Grüße", "--priority", "high", "--header", "x-mms-applic-id: acme"]
    done = run("send", file, *NEW, "--url", centre.url, *wanted, "--http-header", "X-Phone: 7")
    assert (done.returncode, done.stderr) == (0, "")
    for words in (
        f"accepted by {centre.url}",
        "status: Ok: thanks",
        "message id: M1",
        "to: +15555550199",
        "X-Mms-Applic-ID: acme",
    ):
        assert words in done.stdout
    [(headers, body)] = centre.seen
    assert (headers["Content-Type"], headers["X-Phone"]) == (PDU_CONTENT_TYPE, "7")
    arrived = transcode.read(body)
    assert (arrived.to, arrived.subject) == (("+15555550199/TYPE=PLMN",), "Grüße")
    assert arrived.headers == (("X-Mms-Priority", "High"), ("X-Mms-Applic-ID", "acme"))
    assert arrived.parts == transcode.read(SENT.to_mm1()).parts
    assert f"{len(body):,} bytes as MM1" in done.stdout


def test_the_centre_of_the_carrier(centre: Centre, file: Path, tmp_path: Path) -> None:
    """Its address and its limit come from the profile."""
    accept(centre)
    carrier = own(tmp_path, f'max_message_bytes = 5000\nmmsc = "{centre.url}"')
    done = run("send", file, "--carrier", carrier, "--json")
    assert done.returncode == 0, done.stderr
    told = told_by(done)
    assert told["server"] == centre.url
    assert (told["state"], told["status"], told["status_text"], told["message_id"]) == (
        "accepted",
        "Ok",
        "thanks",
        "M1",
    )
    assert (told["bytes"], told["limit"], told["form"]) == (len(centre.seen[0][1]), 5_000, "mm1")
    # Nothing was changed, so the very message went.
    assert centre.seen[0][1] == file.read_bytes()


def test_mm7(centre: Centre, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message goes out with the provider's names and a password from the environment, never shown."""
    monkeypatch.setenv("TRANSCODE_PASSWORD", "s3cret")
    names = ["--vaspid", "acme", "--vasid", "promo", "--service-code", "7", "--user", "acme"]
    done = run("send", file, *NEW, "--url", centre.url, *names, "--json")
    assert done.returncode == 0, done.stderr
    told = told_by(done)
    assert (told["form"], told["status"], told["status_text"], told["message_id"]) == (
        "mm7",
        1000,
        "Success",
        "M1",
    )
    assert "s3cret" not in done.stdout + done.stderr
    [(headers, body)] = centre.seen
    assert headers["Authorization"] == "Basic YWNtZTpzM2NyZXQ="
    arrived = mm7.from_bytes(body, content_type=headers["Content-Type"])
    assert arrived.headers[:3] == (("VASPID", "acme"), ("VASID", "promo"), ("ServiceCode", "7"))
    assert (arrived.to, told["bytes"]) == (("+15555550199/TYPE=PLMN",), len(body))


@pytest.mark.parametrize("form", ["mm1", "mm4", "mm7"])
@pytest.mark.parametrize(
    "message_type", ["m-send-req", "m-retrieve-conf", "mm4-forward-req", "mm7-submit-req", "mm7-deliver-req"]
)
def test_any_form_goes_any_way(
    centre: Centre, tmp_path: Path, message_type: transcode.MessageType, form: transcode.Form
) -> None:
    """It becomes a submission of the form on the way; its parts arrive."""
    accept(centre)
    sender = "+15555550100/TYPE=PLMN"
    one = replace(SENT, sender=sender, headers=(("Date", 1_700_000_000),)).converted(message_type)
    file = tmp_path / "any"
    file.write_bytes(written(one))
    mails = MailCentre()
    with running(mails) as server:
        way = ["--smtp", f"127.0.0.1:{server.port}", "--domain", "mms.example"]
        done = run("send", file, *NEW, *(way if form == "mm4" else ["--url", centre.url, "--as", form]))
    assert done.returncode == 0, done.stderr
    octets = mails.envelopes[0].original_content if form == "mm4" else centre.seen[0][1]
    arrived = transcode.read(octets or b"")
    assert (
        arrived.message_type == {"mm1": "m-send-req", "mm4": "mm4-forward-req", "mm7": "mm7-submit-req"}[form]
    )
    assert [part.data for part in arrived.parts] == [part.data for part in SENT.parts]
    assert [address.split("@")[0] for address in arrived.to] == ["+15555550199/TYPE=PLMN"]


def test_smtp(file: Path, tmp_path: Path) -> None:
    """The server's reply is on stdout; hidden recipients are in the envelope only."""
    mails = MailCentre()
    with running(mails) as server:
        way = ["--smtp", f"localhost:{server.port}", "--domain", "mms.example", "--sender", "+15555550101"]
        done = run("send", file, *NEW, "--bcc", "b@example.org", *way)
    assert (done.returncode, done.stderr) == (0, "")
    assert "status: 250: 2.0.0 Ok queued as 4B1C2" in done.stdout
    [envelope] = mails.envelopes
    assert envelope.mail_from == "+15555550101/TYPE=PLMN@mms.example"
    assert envelope.rcpt_tos == ["+15555550199/TYPE=PLMN@mms.example", "b@example.org"]
    assert b"b@example.org" not in (envelope.original_content or b"")


def test_a_mail_server_as_carriers_run_them(file: Path) -> None:
    """Exim takes the mail, and says by which id."""
    with exim() as server:
        way = ["--smtp", f"127.0.0.1:{server.port}", "--domain", "mms.example"]
        done = run("send", file, *NEW, *way, "--mail-from", "system@mms.example", "--sender", "+15555550101")
        assert done.returncode == 0, done.stderr
        assert "status: 250: OK id=" in done.stdout
        arrived = transcode.read(server.mail())
    assert arrived.to == ("+15555550199/TYPE=PLMN@mms.example",)


@pytest.mark.parametrize(
    ("status", "code", "state"),
    [("Error-permanent-service-denied", 4, "refused"), ("Error-transient-network-problem", 5, "refused")],
)
def test_refusals_of_mm1(centre: Centre, file: Path, status: str, code: int, state: str) -> None:
    """What the centre says is on stdout, the error on stderr; the exit code says whether to try later."""
    confirm(centre, ("X-Mms-Response-Status", status), ("X-Mms-Response-Text", "no credit"))
    done = run("send", file, "--url", centre.url, "--json")
    assert done.returncode == code
    told = told_by(done)
    assert (told["state"], told["status"], told["status_text"]) == (state, status, "no credit")
    assert told["temporary"] is (code == 5)
    assert f"{status}: no credit" in done.stderr
    assert ("may accept it later" in done.stderr) is (code == 5)
    assert len(centre.seen) == 1


@pytest.mark.parametrize(("status", "code"), [(2001, 4), (3000, 5)])
def test_refusals_of_mm7(centre: Centre, file: Path, status: int, code: int) -> None:
    """The status of the answer decides the exit code."""
    centre.answers(mm7.answer(SENT.converted("mm7-submit-req"), status, message_id="M1"))
    done = run("send", file, "--url", centre.url, "--as", "mm7")
    assert done.returncode == code
    assert f"status: {status}" in done.stdout


@pytest.mark.parametrize(("status", "body", "code"), [(401, b"", 4), (503, b"busy", 5), (200, b"<html>", 4)])
def test_answers_without_a_message(centre: Centre, file: Path, status: int, body: bytes, code: int) -> None:
    """A status of HTTP says whether to try later; a page in place of an answer is no acceptance."""
    centre.status, centre.content_type, centre.body = status, "text/html", body
    done = run("send", file, "--url", centre.url, "--json")
    assert done.returncode == code
    told = told_by(done)
    assert (told["state"], told["status"], told["temporary"]) == ("failed", None, code == 5)


def test_refusals_of_smtp(file: Path) -> None:
    """Each refused recipient with the reply; the same for a mail that is refused for now."""
    with running(MailCentre()) as server:
        way = ["--smtp", f"127.0.0.1:{server.port}", "--sender", "a@mms.example", "--json"]
        done = run("send", file, "--to", "nobody@example.org", "--to", "b@example.org", *way)
        told = told_by(done)
        assert (done.returncode, told["state"]) == (4, "refused")
        assert told["refused"] == {"nobody@example.org": "550 no such mailbox"}
        later = run("send", file, "--to", "b@example.org", "--subject", "busy", *way)
    told = told_by(later)
    assert (later.returncode, told["temporary"], told["state"]) == (5, True, "refused")
    assert (told["status"], told["status_text"]) == (451, "try later")


def test_who_got_the_mail_does_not_get_it_again(file: Path) -> None:
    """A recipient that is refused for now is tried later where nobody got the mail, else by hand."""
    with running(MailCentre()) as server:
        way = ["--smtp", f"127.0.0.1:{server.port}", "--sender", "a@mms.example", "--to", "grey@example.org"]
        alone = run("send", file, *way)
        among = run("send", file, *way, "--to", "b@example.org")
    assert (alone.returncode, "may accept it later" in alone.stderr) == (5, True)
    assert (among.returncode, "may accept it later" in among.stderr) == (4, False)
    assert "grey@example.org (450 greylisted); the mail went to the other 1" in among.stderr


@pytest.mark.parametrize("way", ["--url", "--smtp"])
def test_nobody_listens(file: Path, way: str) -> None:
    """It may be there later."""
    with peer(lambda connection, _: connection.close()) as port:
        where = f"http://127.0.0.1:{port}/" if way == "--url" else f"127.0.0.1:{port}"
        more = [] if way == "--url" else ["--sender", "a@mms.example", "--to", "b@example.org"]
        done = run("send", file, way, where, *more)
    assert done.returncode == 5
    assert "not accepted by" in done.stdout


def test_a_message_over_the_limit_goes_nowhere(centre: Centre, file: Path, tmp_path: Path) -> None:
    """It is refused with exit code 3 before a connection is opened, in whatever form it would go."""
    size = len(SENT.edited(subject="Hello", transaction_id="T123456789abcdef").to_mm1())
    changed = ["--subject", "Hello", "--url", centre.url]
    for limit, code in ((size - 1, 3), (size, 0)):
        accept(centre)
        carrier: list[str | Path] = ["--carrier", own(tmp_path, f"max_message_bytes = {limit}")]
        assert run("send", file, *changed, *carrier).returncode == code
        assert len(centre.seen) == (code == 0)
    done = run("send", file, *changed, "--as", "mm7", *carrier, "--limit-form", "mm7", "--json")
    assert (done.returncode, told_by(done)["error_type"]) == (3, "BudgetError")
    assert len(centre.seen) == 1


@pytest.mark.parametrize("form", ["mm1", "mm4", "mm7"])
def test_a_dry_run_opens_no_connection(file: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    """It says what would go, how many octets, and where to, without a password."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    way = ["--smtp", "mail.example", "--domain", "mms.example", "--sender", "+15555550101"]
    if form != "mm4":
        way = ["--url", "http://acme:s3cret@mmsc.example/mms", "--as", form]
    done = run("send", file, *NEW, *way, "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    told = told_by(done)
    assert told["state"] == "dry-run"
    assert told["server"] == ("mail.example:25" if form == "mm4" else "http://mmsc.example/mms")
    assert told["to"] == ["+15555550199"]
    if form == "mm1":
        assert told["bytes"] == len(SENT.edited(to=["+15555550199"]).to_mm1())
    shown = run("send", file, *NEW, *way, "--dry-run")
    assert "not sent, would go to" in shown.stdout
    assert "s3cret" not in shown.stdout + done.stdout


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "give --url, or a --carrier whose centre is known"),
        (["--as", "mm4"], "--as mm4 needs a mail server"),
        (["--as", "mm7"], "--as mm7 needs a message centre: --url"),
        (["--url", "mmsc.example"], "--url must be an http or https URL, not 'mmsc.example'"),
        (["--url", "http://a/", "--as", "mm1", "--vaspid", "a"], "--vaspid has no effect with mm1"),
        (["--url", "http://a/", "--domain", "a"], "--domain has no effect with mm1"),
        (["--url", "http://a/", "--starttls"], "--starttls has no effect with mm1"),
        (["--url", "http://a/", "--as", "mm7", "--mail-from", "a@b"], "--mail-from has no effect with mm7"),
        (["--smtp", "a", "--url", "http://a/"], "--url has no effect with mm4"),
        (["--smtp", "a", "--as", "mm1"], "--smtp has no effect with mm1"),
        (["--smtp", "a", "--proxy", "http://a/"], "--proxy has no effect with mm4"),
        (["--smtp", "a:b", "--sender", "a@b.example"], "--smtp must look like HOST or HOST:PORT"),
        (["--smtp", "a:99999", "--sender", "a@b.example"], "--smtp must look like"),
        (["--smtp", ":25", "--sender", "a@b.example"], "--smtp must look like"),
        (["--url", "http://a/", "--as", "mm7", "--hide-sender"], "has no X-Mms-Sender-Visibility of 'Hide'"),
        (["--smtp", "a"], "a number needs the domain of an MMSC"),
        (["--url", "http://a/", "--user", "a"], "--user needs a password"),
        (["--url", "http://a/", "--password-file", "a"], "--password-file needs --user"),
        (["--url", "http://a/", "--header", "X-Mms-Priority"], "--header must look like 'NAME: VALUE'"),
        (["--url", "http://a/", "--header", "X-A: a\r\nBcc: b"], "which no header can have"),
        (["--url", "http://a/", "--subject", "a\r\nBcc: b"], "subject: 'a\\r\\nBcc: b' has the character"),
        (["--url", "http://a/", "--to", "a@b.example\nBcc: c"], "is not a phone number"),
        (["--url", "http://a/", "--http-header", "X"], "--http-header must look like"),
        (["--url", "http://a/", "--http-header", "X: \u20ac"], "the value of X must be one line of US-ASCII"),
        (["--url", "http://a/", "--http-header", "X Y: a"], "'X Y' is not a valid header name"),
        (["--url", "http://a/", "--timeout", "0"], "timeout"),
        (["--smtp", "a", "--domain", "a.example", "--sender", "+15555550101", "--timeout", "-1"], "timeout"),
        (["--url", "http://a/", "--proxy", "ftp://a/"], "proxy: "),
        (["--url", "http://a/", "--header", "To: a@b.example"], "To is a field of the message"),
    ],
)
def test_wrong_usage(file: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], words: str) -> None:
    """Exit code 2, before anything is sent; options without an effect are refused."""
    monkeypatch.delenv("TRANSCODE_PASSWORD", raising=False)
    done = run("send", file, "--dry-run", *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr


@pytest.mark.parametrize("form", ["mm1", "mm4", "mm7"])
def test_a_message_is_encoded_once(file: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    """What is measured is what would go."""
    own = mm7.to_http if form == "mm7" else convert.encode
    calls: list[str] = []

    def counted(*words: Any, **named: Any) -> Any:
        calls.append(form)
        return own(*words, **named)

    monkeypatch.setattr(mm7 if form == "mm7" else message, own.__name__, counted)
    way = ["--smtp", "127.0.0.1:1", "--domain", "a.example", "--sender", "+15555550101"]
    if form != "mm4":
        way = ["--url", "http://127.0.0.1:1/", "--as", form]
    done = run("send", file, *NEW, *way)
    assert (done.returncode, calls) == (5, [form]), done.stderr


def test_a_received_message_needs_new_recipients(tmp_path: Path) -> None:
    """A received message has the old recipients and is refused; a report can't be sent."""
    file = tmp_path / "m.mms"
    file.write_bytes(SENT.converted("m-retrieve-conf").to_mm1(strict=False))
    done = run("send", file, "--url", "http://a/", "--dry-run")
    assert (done.returncode, "needs new recipients: --to" in done.stderr) == (2, True)
    report = Message("m-delivery-ind", headers=(("Message-ID", "M1"),), content_type=None)
    file.write_bytes(report.to_mm1(strict=False))
    done = run("send", file, *NEW, "--url", "http://a/", "--dry-run")
    assert (done.returncode, "can't be converted" in done.stderr) == (2, True)


def test_a_password_in_a_file(centre: Centre, file: Path, tmp_path: Path) -> None:
    """The first line of the file is the password."""
    accept(centre)
    secret = tmp_path / "secret"
    secret.write_bytes(b"s3cret\r\nmore\n")
    done = run("send", file, "--url", centre.url, "--user", "acme", "--password-file", secret)
    assert done.returncode == 0, done.stderr
    assert centre.seen[0][0]["Authorization"] == "Basic YWNtZTpzM2NyZXQ="
    secret.write_bytes(b"\xff")
    wrong = run("send", file, "--url", centre.url, "--user", "acme", "--password-file", secret)
    assert (wrong.returncode, "not UTF-8 text" in wrong.stderr) == (1, True)


@pytest.mark.parametrize(
    ("smtp", "server"),
    [("a.example", "a.example:25"), ("a:2525", "a:2525"), ("[::1]:2525", "::1:2525"), ("::1", "::1:25")],
)
def test_names_of_mail_servers(file: Path, smtp: str, server: str) -> None:
    """Servers are given with and without a port, also by IPv6 address."""
    way: list[Any] = ["--smtp", smtp, "--sender", "a@b.example", "--to", "c@d.example"]
    assert told_by(run("send", file, *way, "--dry-run", "--json"))["server"] == server


def test_other_commands_load_no_client() -> None:
    """SMTP, TLS and HTTP take longer to import than the help takes to print."""
    words = "import sys, transcode.cli.send; print(*{'smtplib', 'ssl', 'httpx'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_a_dry_run_needs_no_httpx(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what a real run needs; its options are checked all the same."""
    for name in ("httpx", "transcode.transport.http_client"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delattr(transport, "http_client", raising=False)
    way = ["--url", "http://mmsc.example/", "--dry-run"]
    done = run("send", file, *NEW, *way)
    assert (done.returncode, done.stderr) == (
        0,
        "sending over HTTP needs httpx: pip install 'mms-transcode[send]'\n",
    )
    assert "not sent, would go to http://mmsc.example/" in done.stdout
    for wrong in (["--proxy", "ftp://a/"], ["--http-header", "A B: 1"], ["--timeout", "0"]):
        assert run("send", file, *NEW, *way, *wrong).returncode == 2
    real = run("send", file, *NEW, *way[:-1])
    assert (real.returncode, "pip install" in real.stderr) == (1, True)


def test_errors_name_the_file(file: Path, tmp_path: Path) -> None:
    """Of a finished message nothing smaller was tried, and its size is told."""
    carrier = own(tmp_path, "max_message_bytes = 100")
    done = run("send", file, *NEW, "--carrier", carrier, "--url", "http://a/", "--dry-run")
    size = len(transcode.read(file).edited(to=NEW[1:]).to_mm1())
    assert (done.returncode, done.stderr) == (
        3,
        f"transcode: {file}: does not fit into 100 bytes; it has {size:,}\n",
    )
    report = tmp_path / "report.mms"
    report.write_bytes(transcode.answer(transcode.read(file), message_id="M1").to_mm1(strict=False))
    out = str(tmp_path / "o.mms")
    wanted = {"send": ["--url", "http://a/", *NEW], "adapt": ["-o", out, "--carrier", "us-att"]}
    for name, rest in wanted.items():
        done = run(name, report, *rest)
        assert (done.returncode, done.stderr.startswith(f"transcode: {report}: ")) == (2, True), done.stderr
