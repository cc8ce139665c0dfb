"""Exim and Postfix as Debian builds them, unpacked by the set-up, each with a configuration of its own.

They listen on loopback, and keep every mail that they take as a file, or hand it on. The machine's own mail
is not touched. Off Debian there is nothing to unpack: tests that want a server are skipped then, and never in
continuous integration.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

import pytest

__all__ = ["SERVERS", "MailServer", "Routes", "exim", "postfix"]

_ROOT = Path(__file__).parents[2] / "build" / "peers"

#: How often a server is started with another port, should somebody take one meanwhile.
_TRIES = 5

#: Users of Debian's base system, none of which a server started by root may share with another.
_NOBODY, _MAIL = 65_534, 8


@dataclass(frozen=True)
class MailServer:
    """A server that runs.

    Attributes:
        port: of 127.0.0.1.
        kept: the folder of the mails that it took.
        log: its log files' folder.
    """

    port: int
    kept: Path
    log: Path

    def words(self) -> str:
        """What it has written into its log."""
        return "".join(path.read_text() for path in self.log.glob("log*"))

    def mail(self) -> bytes:
        """The one mail that it took, once it is there; its own first lines are left out."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            for path in self.kept.iterdir():
                # Under another name while it is written, by Exim too.
                if path.suffix != ".part" and not path.name.startswith("temp."):
                    octets = path.read_bytes()
                    path.unlink()
                    return octets
            time.sleep(0.02)
        raise AssertionError(f"no mail came: {self.words()}")


_EXIM = """
keep_environment = LD_PRELOAD : LD_LIBRARY_PATH : NSS_WRAPPER_PASSWD : NSS_WRAPPER_GROUP
exim_path = {root}/usr/sbin/exim4
primary_hostname = exim.example
smtp_banner = exim.example ESMTP {token}
spool_directory = {here}/spool
log_file_path = {here}/log.%slog
pid_file_path = {here}/pid
exim_user = Debian-exim
exim_group = Debian-exim
deliver_drop_privilege
never_users =
tls_advertise_hosts =
host_lookup =
rfc1413_query_timeout = 0s
message_logs = false
acl_smtp_rcpt = acl_check_rcpt
acl_smtp_data = acl_check_data
begin acl
acl_check_rcpt:
  accept
# As in the configuration that Exim comes with.
acl_check_data:
  require verify = header_syntax
  accept
begin routers
{routers}
keep:
  driver = accept
  transport = keep
begin transports
onward:
  driver = smtp
  allow_localhost
keep:
  driver = appendfile
  directory = {here}/kept
"""

_POSTFIX = """
compatibility_level = 3.6
queue_directory = {here}/queue
data_directory = {here}/data
command_directory = {root}/usr/sbin
daemon_directory = {root}/usr/lib/postfix/sbin
shlib_directory = {root}/usr/lib/postfix
meta_directory = {here}
mail_owner = mail
setgid_group = games
default_privs = nobody
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = postfix.example
smtpd_banner = postfix.example ESMTP {token}
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
default_transport = keep
transport_maps = {routes}
smtp_dns_support_level = disabled
import_environment = LD_LIBRARY_PATH MAIL_CONFIG
maillog_file = {here}/log
maillog_file_prefixes = {here}
"""

_POSTFIX_SERVICES = """
127.0.0.1:{port} inet n - n - - smtpd
postlog unix-dgram n - n - 1 postlogd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
anvil unix - - n - 1 anvil
keep unix - n n - - pipe
  flags=q user=daemon argv=/bin/sh {here}/keep
"""

_QUEUES = (
    *("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold"),
    *("incoming", "maildrop", "private", "public", "saved", "trace"),
)

_KEEP = """
cat >{here}/kept/$$.part
mv {here}/kept/$$.part {here}/kept/$$
"""


@dataclass(frozen=True)
class _Start:
    """How a server is started.

    Attributes:
        command, environment: as for a process.
        libraries: the folder of what was unpacked.
    """

    command: list[str]
    environment: dict[str, str]
    libraries: Path


#: Host and port of the server that takes the mails of a domain.
Routes: TypeAlias = Mapping[str, tuple[str, int]]


@contextlib.contextmanager
def exim(routes: Routes | None = None) -> Iterator[MailServer]:
    """Exim with the check of headers that its own configuration has.

    Args:
        routes: the domains whose mails it hands on.
    """
    with _serving(partial(_exim, routes or {})) as server:
        yield server


@contextlib.contextmanager
def postfix(routes: Routes | None = None) -> Iterator[MailServer]:
    """Postfix, which starts for root only; routes are as for exim."""
    with _serving(partial(_postfix, routes or {})) as server:
        yield server


_EXIM_ROUTER = """
{name}:
  driver = manualroute
  domains = {domain}
  route_list = * {host}::{port} byname
  self = send
  transport = onward
"""


def _exim(routes: Routes, here: Path, port: int, token: str) -> _Start:
    user, group = (_NOBODY, _NOBODY) if os.geteuid() == 0 else (os.getuid(), os.getgid())
    for name in ("kept", "spool"):
        (here / name).mkdir()
    # Who it runs as may not enter the checkout.
    root = here / "root"
    shutil.copytree(_ROOT / "usr" / "lib", root / "usr" / "lib", symlinks=True)
    (root / "usr" / "sbin").mkdir()
    shutil.copy(_ROOT / "usr" / "sbin" / "exim4", root / "usr" / "sbin")
    routers = "".join(
        _EXIM_ROUTER.format(name=f"onward{number}", domain=domain, host=host, port=there)
        for number, (domain, (host, there)) in enumerate(routes.items())
    )
    (here / "exim.conf").write_text(_EXIM.format(root=root, here=here, token=token, routers=routers))
    # Debian's build looks for a user of this name, which only an installation makes.
    (here / "passwd").write_text(f"Debian-exim:x:{user}:{group}::/nonexistent:/bin/sh\n")
    (here / "group").write_text(f"Debian-exim:x:{group}:\n")
    command = [f"{root}/usr/sbin/exim4", "-C", f"{here}/exim.conf", "-bdf", "-oX", f"127.0.0.1.{port}"]
    if os.geteuid() == 0:
        for path in (here, *here.iterdir()):
            os.chown(path, user, group)
        command = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", *command]
    environment = {
        "LD_PRELOAD": "libnss_wrapper.so",
        "NSS_WRAPPER_PASSWD": f"{here}/passwd",
        "NSS_WRAPPER_GROUP": f"{here}/group",
    }
    return _Start(command, environment, root)


def _postfix(routes: Routes, here: Path, port: int, token: str) -> _Start:
    # A table within the file, as Postfix writes it: {name=value, ...}.
    pairs = ", ".join(f"{domain}=smtp:[{host}]:{there}" for domain, (host, there) in routes.items())
    table = f"inline:{{{pairs}}}" if pairs else ""
    (here / "main.cf").write_text(_POSTFIX.format(root=_ROOT, here=here, token=token, routes=table))
    (here / "master.cf").write_text(_POSTFIX_SERVICES.format(port=port, here=here))
    (here / "keep").write_text(_KEEP.format(here=here))
    (here / "queue" / "pid").mkdir(parents=True)
    for path in (*(here / "queue" / name for name in _QUEUES), here / "data", here / "kept"):
        path.mkdir(mode=0o700)
        os.chown(path, 1 if path.name == "kept" else _MAIL, 0)
    master = _ROOT / "usr" / "lib" / "postfix" / "sbin" / "master"
    return _Start([str(master), "-d", "-c", str(here)], {"MAIL_CONFIG": str(here)}, _ROOT)


#: Those that this user can start.
SERVERS: tuple[Callable[..., contextlib.AbstractContextManager[MailServer]], ...] = (
    (exim, postfix) if os.geteuid() == 0 else (exim,)
)


@contextlib.contextmanager
def _serving(prepare: Callable[[Path, int, str], _Start]) -> Iterator[MailServer]:
    """A server that is prepared in a folder for a port, and greets with a token, while the block lasts.

    A port that was free may be another's when the server asks for it: then another is tried.
    """
    if not _ROOT.is_dir() and "CI" not in os.environ and shutil.which("dpkg-query") is None:
        pytest.skip("no mail servers of Debian")
    words = ""
    with contextlib.ExitStack() as stack:
        for _ in range(_TRIES):
            with contextlib.ExitStack() as tried:
                here, token = tried.enter_context(_folder()), secrets.token_hex(8)
                server = MailServer(_free_port(), here / "kept", here)
                start = prepare(here, server.port, token)
                if tried.enter_context(_running(start, server, token.encode())):
                    stack.push(tried.pop_all())
                    break
                words = server.words()
        else:
            raise AssertionError(f"it did not start in {_TRIES} tries: {words}")
        yield server


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """A folder that other users may enter, unlike pytest's, with a short name, as sockets need."""
    here = Path(tempfile.mkdtemp(prefix="mail-"))
    here.chmod(0o755)
    try:
        yield here
    finally:
        _remove(here)


def _remove(here: Path) -> None:
    """Remove a folder in which a child that outlives its server may be writing yet."""
    end = time.monotonic() + 60
    while here.exists():
        try:
            shutil.rmtree(here)
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextlib.contextmanager
def _running(start: _Start, server: MailServer, token: bytes) -> Iterator[bool]:
    """A server while the block lasts, from its first greeting on; it and its children are ended after.

    Gives whether it is the one that listens on its port.
    """
    root = start.libraries
    libraries = [root / "usr" / "lib" / "postfix", *root.glob("usr/lib/*-linux-gnu")]
    environment = {
        **start.environment,
        "PATH": os.environ["PATH"],
        "LD_LIBRARY_PATH": ":".join(map(str, libraries)),
    }
    with (
        (server.log / "log.said").open("wb") as said,
        subprocess.Popen(
            start.command,
            env=environment,
            stdout=said,
            stderr=said,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield _greets(process, server, token)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)


def _greets(process: subprocess.Popen[bytes], server: MailServer, token: bytes) -> bool:
    """Whether a process is the one that greets on its port."""
    end = time.monotonic() + 60
    # One whose port is taken ends, or says so and waits.
    while time.monotonic() < end and process.poll() is None and "already in use" not in server.words():
        greeting = b""
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", server.port), 10) as to:
            to.settimeout(10)
            greeting = to.recv(1_000)
        if greeting:
            return token in greeting
        time.sleep(0.05)
    return False
