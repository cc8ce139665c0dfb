"""Defaults of options: the configuration file, the environment, and --print-config."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import transcode
from tests.cli.command import COMMANDS, run
from transcode.cli.app import program
from transcode.cli.defaults import options_of
from transcode.cli.schema import schema

MESSAGE = ("--to", "+15555550100", "--text", "Hi")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own file, which is not there yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    folder = tmp_path / "config" / "transcode"
    folder.mkdir(parents=True)
    return folder / "config.toml"


def printed(*words: str | Path) -> dict[str, Any]:
    """What --print-config prints, read as the file that it is."""
    done = run(*words, "--print-config")
    assert (done.returncode, done.stderr) == (0, "")
    return tomllib.loads(done.stdout)


def test_the_nearest_wins(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line wins over the environment, that over the file, a command's own over all's."""
    out = tmp_path / "m.mms"

    def subject(*words: str) -> str | None:
        assert run("message", "--carrier", "us-att", *MESSAGE, "-o", out, *words).returncode == 0
        return transcode.read(out.read_bytes()).subject

    assert subject() is None
    home.write_text('subject = "all"')
    assert subject() == "all"
    home.write_text('subject = "all"\n[message]\nsubject = "own"\n')
    assert subject() == "own"
    monkeypatch.setenv("TRANSCODE_SUBJECT", "variable")
    assert subject() == "variable"
    monkeypatch.setenv("TRANSCODE_MESSAGE_SUBJECT", "own variable")
    assert subject() == "own variable"
    assert subject("--subject", "said") == "said"


def test_which_file(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--config before or behind the command, TRANSCODE_CONFIG, and the user's own; /dev/null is none."""
    files = {}
    for number, name in enumerate(("named", "variable"), 2):
        files[name] = tmp_path / f"{name}.toml"
        files[name].write_text(f"threads = {number}")
    home.write_text("threads = 1")
    assert printed("fit")["fit"]["threads"] == 1
    monkeypatch.setenv("TRANSCODE_CONFIG", str(files["variable"]))
    assert printed()["threads"] == 3
    assert printed("--config", files["named"])["threads"] == 2
    assert printed("fit", "--config", files["named"])["fit"]["threads"] == 2
    assert printed("--config", files["variable"], "fit", "--config", files["named"])["fit"]["threads"] == 2
    assert "threads" not in printed("fit", "--config", "/dev/null")["fit"]


def test_paths_begin_at_the_file(home: Path, tmp_path: Path) -> None:
    """A carrier's file, a picture and a phone beside the configuration are found from anywhere."""
    home.write_text('carrier = "own.toml"\npicture = "~/a.jpg"\ndevice = "http://a.example/x"\n')
    (home.parent / "own.toml").write_text("[profile]\nmax_message_bytes = 30000\n")
    found = printed("message")["message"]
    assert found["carrier"] == str(home.parent / "own.toml")
    assert found["picture"] == str(Path.home() / "a.jpg")
    assert found["device"] == "http://a.example/x"
    home.write_text('carrier = "own.toml"')
    done = run("message", *MESSAGE, "-o", tmp_path / "m.mms", "--json")
    assert json.loads(done.stdout)["limit"] == 30_000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "carier = 'x'",
            "config.toml, line 1: carier: no option of any command that may have a default; did",
        ),
        (
            "\n[mesage]\nsubject = 'x'",
            "line 2: mesage: no option of any command that may have a default; did you",
        ),
        (
            "[message]\nsubjct = 'x'",
            "line 2: message.subjct: no option of message that may have a default; did",
        ),
        ("[message]\n\ntext-first = 'yes'", "line 3: message.text-first: must be true or false"),
        ("threads = true", "line 1: threads: must be a number"),
        ("threads = 0", "line 1: threads: "),
        ("to = '+1555'", "line 1: to: must be a list of texts"),
        ("[fit]\nmax-bytes = 'many'", "line 2: fit.max-bytes: must be a number"),
        ("[fit]\nmax-bytes = -1", "line 2: fit.max-bytes: '-1' is no whole number"),
        ("subject = {a = 1}", "line 1: subject: must be a text"),
        ("expiry = 2030-01-01", "line 1: expiry: must be a text"),
        ("priority = 'urgent'", "line 1: priority: "),
        (
            "as = 'mm7'",
            "line 1: as: differs between commands; it belongs into [message] or [adapt] or [send]",
        ),
        ("message.output = 'x'", "line 1: message.output: no option"),
        ("[profiles.show]\nsize = 'large'", "line 2: profiles.show.size: "),
        ("a = \n", "config.toml, line 1: Invalid value"),
        ("a = '\xff'", "config.toml, line 1: not UTF-8 text"),
    ],
)
def test_what_is_wrong_in_a_file(home: Path, text: str, said: str) -> None:
    """Whatever command runs: exit code 2, and one line with the file, the line and the key."""
    home.write_bytes(text.encode("latin-1"))
    done = run("profiles", "search", "cricket")
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert str(home) in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_file_that_is_not_there(home: Path, tmp_path: Path) -> None:
    """The user's own may be missing; one that is named may not, nor be a folder."""
    assert run("profiles", "cricket").returncode == 0
    for path, why in ((tmp_path / "no.toml", "No such file"), (tmp_path, "Is a directory")):
        done = run("--config", path, "profiles", "cricket")
        assert (done.returncode, f"{path}: can't be read: {why}" in done.stderr) == (2, True)


def test_a_variable_that_is_wrong(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is named, not the option that nobody wrote."""
    monkeypatch.setenv("TRANSCODE_THREADS", "many")
    done = run("message", *MESSAGE, "-o", tmp_path / "m.mms", "--carrier", "us-att")
    assert (done.returncode, "TRANSCODE_THREADS" in done.stderr) == (2, True), done.stderr


def test_variables_of_all_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flags as words, numbers, and several values on a line each; an empty one is none."""
    values = {"TEXT_FIRST": "yes", "MAX_MESSAGES": "3", "TO": "+1 555 555 0100\n+1 555 555 0101\n", "CC": ""}
    for name, value in values.items():
        monkeypatch.setenv(f"TRANSCODE_MESSAGE_{name}", value)
    monkeypatch.setenv("TRANSCODE_DELIVERY_REPORT", "false")
    found = printed("message")["message"]
    assert (found["text-first"], found["max-messages"], found["delivery-report"]) == (True, 3, False)
    assert found["to"] == ["+1 555 555 0100", "+1 555 555 0101"]
    assert "cc" not in found
    assert "to" not in printed()["send"]


def test_what_is_printed_is_a_file(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read again, it gives the same values; each line says where its value comes from."""
    home.write_text(
        'threads = 2\nsubject = "Gr\\u00fc\\u00dfe \\"\\n\\u200b"\n'
        '[fit]\nmax-bytes = 5\n[profiles.show]\nsize = "high"'
    )
    monkeypatch.setenv("TRANSCODE_MESSAGE_TO", "+15555550100")
    monkeypatch.setenv("TRANSCODE_CARIER", "us-att")
    done = run("--print-config")
    copy = tmp_path / "copy.toml"
    copy.write_text(done.stdout)
    monkeypatch.delenv("TRANSCODE_MESSAGE_TO")
    assert tomllib.loads(run("--config", copy, "--print-config").stdout) == tomllib.loads(done.stdout)
    for line in (
        f"# {home}",
        "# TRANSCODE_CARIER in the environment is the variable of no option",
        f"threads = 2  # file: {home}, line 1",
        'size = "safe"  # built in',
        'to = ["+15555550100"]  # environment: TRANSCODE_MESSAGE_TO',
        "# carrier: not set",
        "[profiles.show]",
    ):
        assert line in done.stdout.splitlines()
    assert tomllib.loads(done.stdout)["subject"] == 'Grüße "\n\u200b'


def test_of_one_command(home: Path) -> None:
    """--print-config stands before or behind a command, shows its options, and asks for no others."""
    home.write_text("threads = 2")
    for words in (
        ("--print-config", "message", "--subject", "a"),
        ("message", "--subject", "a", "--print-config"),
    ):
        done = run(*words)
        assert done.returncode == 0, done.stderr
        assert 'subject = "a"  # command line' in done.stdout
        assert tomllib.loads(done.stdout)["message"]["threads"] == 2


def test_as_objects(home: Path) -> None:
    """--json prints one object an option, as the schema says."""
    home.write_text("[message]\nto = ['+15555550100']")
    validator = jsonschema.Draft202012Validator(schema("print-config"))
    for words in (("--print-config", "--json"), ("message", "--print-config", "--json")):
        found = [json.loads(line) for line in run(*words).stdout.splitlines()]
        for one in found:
            validator.validate(one)
        (to,) = [one for one in found if (one["command"], one["option"]) == ("message", "to")]
        assert (to["value"], to["origin"], to["where"]) == (["+15555550100"], "file", f"{home}, line 2")
    assert "--json stands behind the command" in run("--json", "doctor").stderr


def test_no_password_is_printed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords of addresses and headers of HTTP are not printed: their line becomes a comment."""
    home.write_text("[send]\nproxy = 'http://acme:s3cret@proxy.example:80/'\nhttp-header = ['X-Key: s3cret']")
    monkeypatch.setenv("TRANSCODE_PASSWORD", "s3cret")
    done = run("--print-config")
    assert "s3cret" not in done.stdout + run("--print-config", "--json").stdout
    assert '# proxy = "http://proxy.example:80/"' in done.stdout
    assert '# http-header = ["X-Key: ***"]' in done.stdout
    assert not {"proxy", "http-header"} & tomllib.loads(done.stdout)["send"].keys()


def test_defaults_do_not_change_a_message_that_is_sent(home: Path, tmp_path: Path) -> None:
    """A subject for new messages is none for finished ones; the table of send is."""
    file = tmp_path / "m.mms"
    assert run("message", "--carrier", "us-att", *MESSAGE, "-o", file, "--subject", "first").returncode == 0
    for text, subject in (("subject = 'all'", "first"), ("[send]\nsubject = 'own'", "own")):
        home.write_text(text)
        done = run("send", file, "--url", "http://127.0.0.1/", "--dry-run", "--json")
        assert json.loads(done.stdout)["subject"] == subject


def test_doctor_says_which_file(home: Path) -> None:
    """It works with a wrong one, which it names, and ends with 1."""
    found = json.loads(run("doctor", "--json").stdout.splitlines()[-1])
    assert (found["what"], found["present"], found["found"]) == ("configuration", True, "no file")
    home.write_text("threads = 2")
    assert json.loads(run("doctor", "--json").stdout.splitlines()[-1])["found"] == str(home)
    home.write_text("thread = 2")
    done = run("doctor", "--json")
    found = json.loads(done.stdout.splitlines()[-1])
    assert (done.returncode, found["present"]) == (1, False)
    assert f"{home}, line 1: thread: " in found["found"]


def test_variables_are_distinct() -> None:
    """No two options of a command have a variable in common, and each command has its options."""
    options = options_of(program())
    assert list(options) == [" ".join(command) for command in COMMANDS]
    owners: dict[str, set[str]] = {}
    for command, own in options.items():
        for key, option in own.items():
            for name in option.variables:
                owners.setdefault(name, set()).add(key if name != option.variables[0] else f"{command} {key}")
    assert {name: keys for name, keys in owners.items() if len(keys) > 1} == {}


def test_a_command_stays_as_it_is() -> None:
    """Where its settings were asked for, no argument is required; the next time it is."""
    assert run("fit", "--print-config").returncode == 0
    done = run("fit")
    assert done.returncode == 2
    assert "Missing argument" in done.stderr


def test_a_carrier_where_several_may_be(home: Path) -> None:
    """One carrier for all commands is one for a batch too; in its own table it may have several."""
    home.write_text('carrier = "us-att"\n')

    def carriers(*command: str) -> list[object]:
        lines = run(*command, "--print-config", "--json").stdout.splitlines()
        return [one["value"] for one in map(json.loads, lines) if one["option"] == "carrier"]

    assert carriers("batch", "in", "out") == ["us-att"]
    assert carriers() == ["us-att"]
    home.write_text('carrier = "us-att"\n[batch]\ncarrier = ["us-verizon", "own.toml"]\n')
    assert carriers("batch", "in", "out") == [["us-verizon", str(home.parent / "own.toml")]]
    assert carriers("fit", "a.jpg", "-o", "b.jpg") == ["us-att"]
    home.write_text('carrier = ["us-att", "us-verizon"]\n')
    done = run("batch", "in", "out", "--print-config")
    assert (done.returncode, "must be a text" in done.stderr) == (2, True)
