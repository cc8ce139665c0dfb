"""Where operators and their monitoring reach a message centre."""

from __future__ import annotations

from dataclasses import dataclass, field

from transcode.errors import ConfigError
from transcode.relay.networks import check_networks

__all__ = ["Admin", "check_admin"]

_LARGEST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Admin:
    """The listener of operators; a configuration without this table has none.

    Attributes:
        host, port: the address that is bound. Port 0: any free one.
        secret: the hash of the secret for the pages, as ``transcode relay secret`` prints it; ``""``: there
            are no pages. Metrics and health are open to whoever reaches the address.
        hosts: the names by which browsers reach the pages, beside addresses and ``localhost``.
        https: whether a proxy with TLS stands before it; the cookie of a browser then is for HTTPS alone.
        proxies: addresses and networks of proxies before the listener. Who asks is then whom their
            X-Forwarded-For names: an address that guesses the secret is slowed down, and not all behind them.
        max_connections, max_connections_each: connections at once, and of one address; a proxy may have all.
        patience: seconds that a part of the centre has to answer: for ``/readyz``, metrics and pages.
        min_free_bytes: the least free octets where the store is with which the centre is ready.
    """

    host: str = "127.0.0.1"
    port: int = 8191
    secret: str = field(default="", repr=False)
    hosts: tuple[str, ...] = ()
    https: bool = False
    proxies: tuple[str, ...] = ()
    max_connections: int = 100
    max_connections_each: int = 20
    patience: float = 2.0
    min_free_bytes: int = 1_000_000_000


def check_admin(admin: Admin | None, source: str) -> None:
    """Check the values of a configuration.

    Args:
        admin: the values; None: there are none.
        source: the name of the file.

    Raises:
        ConfigError: a value can't be.
    """
    if admin is None:
        return
    if admin.port > _LARGEST_PORT:
        raise ConfigError(source, f"is no port: {admin.port}", key="admin.port")
    for key, least in (
        ("max_connections", "at least 1"),
        ("max_connections_each", "at least 1"),
        ("patience", "above 0"),
    ):
        if not getattr(admin, key):
            raise ConfigError(source, f"must be {least}", key=f"admin.{key}")
    check_networks(admin.proxies, source, "admin.proxies")
    if admin.secret:
        # Imported here: commands that only look into a store need no argon2.
        from transcode.relay.secrets import check_hash

        try:
            check_hash(admin.secret)
        except ValueError as error:
            raise ConfigError(source, str(error), key="admin.secret") from error
