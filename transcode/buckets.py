"""Buckets of S3, of Google, and of what speaks like them: how one is opened, and what its faults say."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

from obstore.exceptions import BaseError
from obstore.store import from_url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

__all__ = ["BaseError", "faults", "opened", "why"]


def opened(url: str, *, timeout: timedelta, retries: int) -> Any:
    """Open a bucket, or the objects whose names begin alike.

    Args:
        url: such as ``s3://bucket/relay``. Keys, region and endpoint stand in the environment, as the tools
            of the provider have them.
        timeout: the longest request.
        retries: how often one is repeated.

    Raises:
        ValueError: the address names no bucket.
    """
    try:
        return from_url(
            url,
            client_options={
                "timeout": timeout,
                "connect_timeout": timeout,
                # obstore 0.12 forgets this variable where any option of the client is set.
                "allow_http": os.environ.get("AWS_ALLOW_HTTP", "").lower() == "true",
            },
            retry_config={"max_retries": retries, "retry_timeout": 2 * timeout},
        )
    except BaseError as error:
        raise ValueError(why(error)) from error


@contextlib.contextmanager
def faults() -> Iterator[None]:
    """Turn faults of a bucket into OSError; a FileNotFoundError stays."""
    try:
        yield
    except BaseError as error:
        raise OSError(why(error)) from error


def why(error: Exception) -> str:
    """Return the first line of an error: what follows is for those who read Rust."""
    return str(error).partition("\n")[0]
