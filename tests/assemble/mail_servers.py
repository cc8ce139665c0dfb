"""Exim and Postfix as Debian builds them, unpacked by the set-up, each with a configuration of its own.

They listen on loopback, and keep every mail that they take as a file. The machine's own mail is not touched.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["SERVERS", "MailServer", "exim", "postfix"]

_ROOT = Path(__file__).parents[2] / "build" / "peers"

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
        raise AssertionError("no mail came: " + "".join(path.read_text() for path in self.log.glob("log*")))


_EXIM = """
keep_environment = LD_PRELOAD : LD_LIBRARY_PATH : NSS_WRAPPER_PASSWD : NSS_WRAPPER_GROUP
exim_path = {root}/usr/sbin/exim4
primary_hostname = exim.example
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
keep:
  driver = accept
  transport = keep
begin transports
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
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
default_transport = keep
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


@contextlib.contextmanager
def exim() -> Iterator[MailServer]:
    """Exim with the check of headers that its own configuration has."""
    with _folder() as here:
        port = _free_port()
        user, group = (_NOBODY, _NOBODY) if os.geteuid() == 0 else (os.getuid(), os.getgid())
        for name in ("kept", "spool"):
            (here / name).mkdir()
        # Who it runs as may not enter the checkout.
        root = here / "root"
        shutil.copytree(_ROOT / "usr" / "lib", root / "usr" / "lib", symlinks=True)
        (root / "usr" / "sbin").mkdir()
        shutil.copy(_ROOT / "usr" / "sbin" / "exim4", root / "usr" / "sbin")
        (here / "exim.conf").write_text(_EXIM.format(root=root, here=here))
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
        with _running(command, environment, port, root):
            yield MailServer(port, here / "kept", here)


@contextlib.contextmanager
def postfix() -> Iterator[MailServer]:
    """Postfix, which starts for root only."""
    with _folder() as here:
        port = _free_port()
        (here / "main.cf").write_text(_POSTFIX.format(root=_ROOT, here=here))
        (here / "master.cf").write_text(_POSTFIX_SERVICES.format(port=port, here=here))
        (here / "keep").write_text(_KEEP.format(here=here))
        (here / "queue" / "pid").mkdir(parents=True)
        for path in (*(here / "queue" / name for name in _QUEUES), here / "data", here / "kept"):
            path.mkdir(mode=0o700)
            os.chown(path, 1 if path.name == "kept" else _MAIL, 0)
        master = _ROOT / "usr" / "lib" / "postfix" / "sbin" / "master"
        with _running([str(master), "-d", "-c", str(here)], {"MAIL_CONFIG": str(here)}, port, _ROOT):
            yield MailServer(port, here / "kept", here)


#: Those that this user can start.
SERVERS: tuple[Callable[[], contextlib.AbstractContextManager[MailServer]], ...] = (
    (exim, postfix) if os.geteuid() == 0 else (exim,)
)


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """A folder that other users may enter, unlike pytest's, with a short name, as sockets need."""
    here = Path(tempfile.mkdtemp(prefix="mail-"))
    here.chmod(0o755)
    try:
        yield here
    finally:
        shutil.rmtree(here)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextlib.contextmanager
def _running(command: list[str], environment: dict[str, str], port: int, root: Path) -> Iterator[None]:
    """A server while the block lasts, from its first greeting on; it and its children are ended after."""
    libraries = [root / "usr" / "lib" / "postfix", *root.glob("usr/lib/*-linux-gnu")]
    environment = {
        **environment,
        "PATH": os.environ["PATH"],
        "LD_LIBRARY_PATH": ":".join(map(str, libraries)),
    }
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(
            command,
            env=environment,
            stdout=said,
            stderr=said,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        ) as server,
    ):
        try:
            _wait(server, port, said)
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGTERM)
            server.wait(60)


def _wait(server: subprocess.Popen[bytes], port: int, said: object) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and server.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 10) as connection:
            connection.settimeout(10)
            if connection.recv(3) == b"220":
                return
        time.sleep(0.05)
    said.seek(0)  # type: ignore[attr-defined]
    raise AssertionError(f"{server.args!r} did not start: {said.read()!r}")  # type: ignore[attr-defined]
