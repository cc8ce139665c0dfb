"""The recipes for frameworks run as they are printed: one answers requests, the other one has a worker."""

from __future__ import annotations

import asyncio
import importlib
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

import transcode
from tests.documents.examples import examples
from tests.documents.names import ROOT
from tests.engine.test_engine import Doing, die, hold
from tests.made.pictures import photo, save
from transcode.engine.room import Room

PICTURE = save(photo(320, 240), "JPEG")
TO = "+15555550100"


@pytest.fixture(autouse=True)
def logged_as_before() -> Iterator[None]:
    """A worker of Celery takes the root logger for itself; afterwards it is the tests' again."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    yield
    root.setLevel(level)
    root.handlers[:] = handlers


def module(name: str, page: str, **changes: str) -> Any:
    """The first example of a page, as a module of the name that the page gives it."""
    text = next(one.text for one in examples((ROOT / page).read_text("utf-8")) if one.language == "python")
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after)
    made = ModuleType(name)
    sys.modules[name] = made
    exec(compile(text, page, "exec"), made.__dict__)
    return made


def test_fastapi() -> None:
    """An upload becomes a message; what is late, too much, refused or damaged has its status."""
    service = module("service", "docs/pages/how-to/service.md")
    wanted = transcode.compose(PICTURE, service.profile, to=[TO]).to_mm1()
    given: list[dict[str, Any]] = []
    compose = service.engine.compose

    async def composed(*args: Any, **words: Any) -> transcode.Message:
        made: transcode.Message = await compose(*args, **{**words, **(given.pop() if given else {})})
        return made

    service.engine.compose = composed

    async def work() -> None:
        transport = httpx.ASGITransport(app=service.app)
        async with (
            service.app.router.lifespan_context(service.app),
            httpx.AsyncClient(transport=transport, base_url="http://service") as client,
        ):

            async def post(octets: bytes, **words: float) -> httpx.Response:
                given[:] = [words]
                upload = {"upload": ("a.jpg", octets)}
                return await client.post("/messages", params={"to": TO}, files=upload)

            assert (await post(PICTURE)).content == wanted
            answer = await post(b"no picture at all")
            assert (answer.status_code, answer.json()["detail"][:7]) == (400, "a.jpg: ")
            with Doing(die):
                assert (await post(PICTURE)).status_code == 400
            with Doing(hold):
                assert (await post(PICTURE, deadline=0.2)).status_code == 504
            service.engine._jobs = Room(1)
            service.engine._jobs.enter(1, 0)
            assert (await post(PICTURE, wait=0)).status_code == 503
            service.largest = 10
            assert (await post(PICTURE)).status_code == 413

    asyncio.run(work())
    assert service.engine.is_closed


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_celery(tmp_path: Path) -> None:
    """A worker makes a message, and outlives a file that kills its decoder."""
    # Celery has no types.
    start_worker = importlib.import_module("celery.contrib.testing.worker").start_worker
    jobs = module("jobs", "docs/pages/how-to/celery.md", **{"redis://127.0.0.1": "memory://"})
    jobs.app.conf.update(
        result_backend="cache+memory://",
        broker_url="memory://",
        broker_transport_options={"polling_interval": 0.02},
    )
    source, target = tmp_path / "a.jpg", tmp_path / "a.mms"
    source.write_bytes(PICTURE)
    with start_worker(jobs.app, perform_ping_check=False, pool="solo", loglevel="ERROR"):

        def made(path: Path) -> Any:
            return jobs.make.delay(str(path), str(target), "us-att", TO).get(timeout=100)

        assert made(source)["target"] == str(target)
        profile = transcode.find_profile("us-att")
        assert target.read_bytes() == transcode.compose(PICTURE, profile, to=[TO]).to_mm1()
        with Doing(die):
            assert made(source) == {
                "error": f"{source}: the process that decoded it died (SIGKILL)",
                "kind": "SourceError",
            }
        assert made(tmp_path / "none.jpg")["kind"] == "SourceError"
    jobs.engine.close()
