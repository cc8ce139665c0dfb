"""The OpenAPI document: what it says is what the API does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx
import msgspec
import openapi_spec_validator
import pytest

from tests.relay.api.conftest import Office, office
from tests.relay.phone import Gateway
from transcode.relay.api.document import document
from transcode.relay.api.operations import OPERATIONS
from transcode.relay.api.problems import KINDS
from transcode.relay.api.schema import NewCampaign, NewMessage, Pace
from transcode.relay.api_settings import Api
from transcode.relay.config import Local
from transcode.relay.statuses import CampaignStatus, Status
from transcode.relay.store.progress import REASONS


def test_it_is_openapi() -> None:
    """openapi-spec-validator takes it; the limits are those of the configuration."""
    made = document(Api(max_recipients=7, max_media=3), "https://mms.example/")
    openapi_spec_validator.validate(made)
    assert made["openapi"] == "3.1.0"
    assert made["servers"] == [{"url": "https://mms.example"}]
    fields = made["components"]["schemas"]["NewMessage"]["properties"]
    assert (fields["to"]["maxItems"], fields["media_urls"]["maxItems"]) == (7, 3)
    told = {one["operationId"] for path in made["paths"].values() for one in path.values()}
    assert told == {operation.name for operation in OPERATIONS}


def test_anybody_may_read_it(shop: Office) -> None:
    answer = httpx.get(f"{shop.centre.url}/v1/openapi.json")
    assert answer.json()["info"]["title"] == "MMS"
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("operation", OPERATIONS, ids=[one.name for one in OPERATIONS])
def test_pages_name_each_operation(operation: object) -> None:
    page = Path(__file__).parents[3] / "docs/pages/reference/api.md"
    method, path = operation.method, operation.path  # type: ignore[attr-defined]
    assert f"`{method} {path}`" in page.read_text("utf-8")


def test_pages_name_each_field_status_and_problem() -> None:
    page = (Path(__file__).parents[3] / "docs/pages/reference/api.md").read_text("utf-8")
    fields = [one for kind in (NewMessage, NewCampaign, Pace) for one in msgspec.structs.fields(kind)]
    for word in (*(field.encode_name for field in fields), *Status, *CampaignStatus, *KINDS, *REASONS):
        assert f"`{word}`" in page


def test_as_schemathesis_drives_it(tmp_path: Path, gateway: Gateway) -> None:
    """Requests made of the document, right and wrong ones: every answer is as it says, and none is 5xx."""
    anybody = Local(("+", *"0123456789"), "us-tmobile")
    settings = Api(compose_processes=1, requests_per_minute=0, max_webhooks=10_000, fetch_seconds=0.5)
    # Nobody asks the addresses of webhooks.
    with office(tmp_path, gateway, api=settings, roles=("http",), local=(anybody,)) as shop:
        key = shop.key("any", senders=("*",), per_minute=0)
        known = shop.send(key=key, to=["+15550002"], text="x", **{"from": "+15550001"})
        assert known.status_code == 201
        program = Path(sys.executable).with_name("st")
        done = subprocess.run(
            [
                program,
                "run",
                f"{shop.centre.url}/v1/openapi.json",
                f"--header=Authorization: Bearer {key}",
                # Its phase "coverage" makes 480 requests more, which take half a minute.
                "--phases=fuzzing",
                "--max-examples=4",
                "--seed=1",
                "--suppress-health-check=all",
                # That a number is nobody's, say, is not in a schema.
                "--exclude-checks=positive_data_acceptance",
                "--warnings=off",
                "--no-color",
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            env={**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": str(tmp_path / "hypothesis")},
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"Tested: {len(OPERATIONS)}" in done.stdout
