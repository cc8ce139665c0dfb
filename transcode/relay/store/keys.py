"""Keys of the API: made, found, revoked. What is kept of a key is a hash.

A key has 256 random bits. Nobody finds it by trying, so a slow hash such as argon2 would protect nothing, and
would cost 30 ms of each request.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from transcode.relay.store.sqlite import SqlStore

__all__ = ["SCOPES", "ApiKey", "campaign_rate", "find_key", "keys", "make_key", "note_use", "revoke_key"]

#: What a key may do, by the word of its scope.
SCOPES = {
    "messages:write": "send messages, and cancel them",
    "messages:read": "see the account's messages, and what became of them",
    "messages:relay": "send to numbers of other centres and providers, too",
    "campaigns:write": "make campaigns, start, pause and cancel them",
    "campaigns:read": "see the account's campaigns, and what became of their recipients",
    "webhooks": "make, see and delete webhooks",
}
_COLUMNS = (
    "id, name, account, scopes, senders, per_minute, burst, campaign_per_second, made_at, used_at, revoked_at"
)
#: What begins a key, so that programs that look for secrets in published texts can tell one.
_BEGIN = "mmk"


class ApiKey(NamedTuple):
    """A key of the API. Times are seconds since 1970.

    Attributes:
        id: its public part, 12 hexadecimal digits.
        name: its name, for people.
        account: whose messages and webhooks it is for.
        scopes: what it may do: words of SCOPES.
        senders: the addresses that it may send from; ``*`` in one stands for any characters.
        per_minute, burst: recipients a minute that it may send to, and at once; 0 a minute: any number.
        campaign_per_second: recipients a second of all its campaigns together; 0: as many as
            ``api.campaign_per_second`` says.
        made_at: when it was made.
        used_at: when it was used last, with an error of ten minutes, or None.
        revoked_at: when it was revoked, or None.
    """

    id: str
    name: str
    account: str
    scopes: tuple[str, ...]
    senders: tuple[str, ...]
    per_minute: float
    burst: int
    campaign_per_second: float
    made_at: float
    used_at: float | None
    revoked_at: float | None


def make_key(
    store: SqlStore,
    name: str,
    *,
    scopes: Collection[str],
    senders: Collection[str],
    now: float,
    account: str = "",
    per_minute: float = 60.0,
    burst: int = 100,
    campaign_per_second: float = 0.0,
) -> tuple[ApiKey, str]:
    """Make a key.

    Args:
        store: the store.
        name: its name.
        scopes, senders, per_minute, burst, campaign_per_second: as in ApiKey.
        now: the time.
        account: whose it is; ``""``: that of its name.

    Returns:
        The key, and the secret that is shown once: ``mmk_``, its id, and 256 random bits.

    Raises:
        ValueError: a name is missing or has other characters than letters, digits and ``._-``; a scope is
            not known; there is no sender for a key that may send, or one has a blank.
    """
    account = account or name
    for word in (name, account):
        if not word or not all(one.isalnum() or one in "._-" for one in word):
            raise ValueError(f"{word!r} is no name of letters, digits, dots, dashes and underscores")
    for scope in scopes:
        if scope not in SCOPES:
            raise ValueError(f"{scope!r} is none of {', '.join(SCOPES)}")
    if not scopes:
        raise ValueError(f"a key has at least one scope of {', '.join(SCOPES)}")
    if {"messages:write", "campaigns:write"} & {*scopes} and not senders:
        raise ValueError("a key that may send needs a number that its messages are from")
    for sender in senders:
        if not sender or any(map(str.isspace, sender)):
            raise ValueError(f"{sender!r} is no address")
    number, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    rates = (per_minute, burst, campaign_per_second)
    key = ApiKey(number, name, account, tuple(scopes), tuple(senders), *rates, now, None, None)
    values = (
        *(number, _digest(secret), name, account, " ".join(scopes), " ".join(senders)),
        *(*rates, now, None, None),
    )
    store.write(
        lambda connection: connection.execute(
            f"INSERT INTO api_key VALUES ({', '.join('?' * len(values))})", values
        )
    ).result()
    return key, f"{_BEGIN}_{number}_{secret}"


def find_key(store: SqlStore, presented: str) -> ApiKey | None:
    """Return the key whose secret was presented; None: there is none, or it was revoked."""
    begin, _, rest = presented.partition("_")
    number, _, secret = rest.partition("_")
    # A key of nobody takes as long as a wrong one: the hash is made in any case.
    digest = _digest(secret)
    found = store.select(f"SELECT digest, {_COLUMNS} FROM api_key WHERE id=?", (number,))
    if begin != _BEGIN or not found or not hmac.compare_digest(found[0][0], digest):
        return None
    key = _key(found[0][1:])
    return None if key.revoked_at is not None else key


def campaign_rate(store: SqlStore, number: str, usual: float) -> float:
    """Return how many recipients a second all campaigns of a key may have together.

    Args:
        store: the store.
        number: the id of the key.
        usual: what holds for a key that says nothing.
    """
    found = store.select("SELECT campaign_per_second FROM api_key WHERE id=?", (number,))
    return usual if not found or not found[0][0] else min(usual, float(found[0][0]))


def keys(store: SqlStore) -> list[ApiKey]:
    """Return all keys, the oldest first."""
    return [_key(row) for row in store.select(f"SELECT {_COLUMNS} FROM api_key ORDER BY made_at, id")]


def revoke_key(store: SqlStore, number: str, now: float) -> list[ApiKey]:
    """Revoke the key of an id, or all keys of a name; return those that were valid before."""
    revoked = store.write(
        lambda connection: connection.execute(
            "UPDATE api_key SET revoked_at=? WHERE revoked_at IS NULL AND (id=? OR name=?)"
            f" RETURNING {_COLUMNS}",
            (now, number, number),
        ).fetchall()
    ).result()
    return [_key(row) for row in revoked]


def note_use(store: SqlStore, key: ApiKey, now: float) -> None:
    """Note that a key was used."""
    store.write(
        lambda connection: connection.execute("UPDATE api_key SET used_at=? WHERE id=?", (now, key.id))
    )


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _key(row: Sequence[object]) -> ApiKey:
    key = ApiKey(*row)  # type: ignore[arg-type]  # as the columns are
    return key._replace(scopes=tuple(str(row[3]).split()), senders=tuple(str(row[4]).split()))
