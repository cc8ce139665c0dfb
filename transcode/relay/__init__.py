"""The message centre (MMSC): it keeps what it accepts, and delivers it or reports why not.

::

    model <- states, timers <- store <- ports <- worker <- server

``states`` decides every change of a delivery, and does nothing else. ``store`` alone writes, each change with
its trail, its report and its next time in one transaction. Ports speak MM1, MM4 and SMS, and know no states.
"""

import importlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from transcode.relay.client import ApiProblem, AsyncClient, Client, WrongSignature, verify

__all__ = ["ApiProblem", "AsyncClient", "Client", "WrongSignature", "verify"]


def __getattr__(name: str) -> object:
    # Loaded when it is asked for: a centre needs no client, and a client needs no centre.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = importlib.import_module("transcode.relay.client")
    except ImportError as error:
        from transcode.errors import MissingPackage

        raise MissingPackage(error.name or "httpx", "a client of the API", extra="relay") from error
    found: object = getattr(module, name)
    return found
