"""The headers of the kernels: what is the compiler's stands in one of them."""

import re
from pathlib import Path

import pytest

import transcode.kernels

HEADERS = sorted(Path(transcode.kernels.__path__[0]).glob("*.h"))

#: Attributes, intrinsics' headers, and what the compiler defines of the machine.
OF_THE_COMPILER = re.compile(r"__attribute__\(\((?!vector_size)|immintrin\.h|__x86_64__|__BYTE_ORDER__")


@pytest.mark.parametrize("header", HEADERS, ids=lambda header: header.name)
def test_only_one_header_speaks_to_the_compiler(header: Path) -> None:
    found = OF_THE_COMPILER.findall(header.read_text(encoding="utf-8"))
    assert bool(found) == (header.name == "cpu.h")
