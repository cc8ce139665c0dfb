"""Writes codes.json and names.json, by which a profile is found without parsing all files.

Usage: python profiles/tools/index.py [FOLDER]

FOLDER holds the TOML files; default: profiles. To be run after any of them has
changed; a test compares.
"""

from __future__ import annotations

import argparse
import json
import tomllib
from pathlib import Path
from typing import Any


def entries(folder: Path) -> dict[str, dict[str, Any]]:
    """All entries of the files in a folder by id."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob("*.toml")):
        tables = tomllib.loads(path.read_text("utf-8"))
        del tables["sources"]
        for key, entry in tables.items():
            if key in found:
                raise ValueError(f"{path.name}: {key} stands in another file as well")
            found[key] = entry
    return dict(sorted(found.items()))


def index(folder: Path) -> dict[str, str]:
    """The text of each index file by its name.

    codes.json: the id for each network code and carrier id, or all ids where no one stands out.
    names.json: for each id its name, kind and codes.
    """
    found = entries(folder)
    owners: dict[str, list[str]] = {}
    for key, entry in found.items():
        for code in entry.get("mcc_mnc", ()):
            owners.setdefault(code, []).append(key)
        if "carrier_id" in entry:
            owners.setdefault(f"carrier:{entry['carrier_id']}", []).append(key)
    codes: dict[str, object] = {code: outstanding(keys, found) for code, keys in sorted(owners.items())}
    names = {key: [entry["name"], entry["kind"], *entry.get("mcc_mnc", ())] for key, entry in found.items()}
    return {"codes.json": lines(codes), "names.json": lines(names)}


def outstanding(keys: list[str], found: dict[str, dict[str, Any]]) -> str | list[str]:
    """The one id that a code stands for, or all of them.

    A network stands out among virtual operators, a size that somebody gives among
    defaults, and us-example among rows such as us-example-2.
    """
    networks = [key for key in keys if found[key]["kind"] == "network"] or keys
    told = [key for key in networks if found[key]["max_message_bytes"]["confidence"] != "default only"]
    chosen = sorted(networks if len(networks) == 1 else told or networks)
    return chosen[0] if all(key.startswith(chosen[0]) for key in chosen) else keys


def lines(table: dict[str, object]) -> str:
    """JSON with one entry a line, so that a change is one line."""
    items = [f"{json.dumps(key)}:{json.dumps(value, ensure_ascii=False)}" for key, value in table.items()]
    return "{\n" + ",\n".join(items) + "\n}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the index of the profile files.")
    parser.add_argument("folder", type=Path, nargs="?", default=Path(__file__).parents[1])
    folder = parser.parse_args().folder
    for name, text in index(folder).items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
