"""The recorded bodies and parsing vectors that stand beside the project, where they do: test data, read in place."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"
needs_vectors = pytest.mark.skipif(not (SHARED / "vectors").is_dir(), reason=f"no parsing vectors at {SHARED}/vectors")
needs_corpus = pytest.mark.skipif(not (SHARED / "corpus").is_dir(), reason=f"no recorded bodies at {SHARED}/corpus")


@dataclass(frozen=True)
class Recorded:
    """One recorded body and what its index says of it."""

    about: dict[str, Any]

    @property
    def name(self) -> str:
        return Path(self.about["file"]).stem

    @property
    def body(self) -> bytes:
        return (SHARED / "corpus" / self.about["file"]).read_bytes()


def recorded() -> list[Recorded]:
    index = SHARED / "corpus" / "index.jsonl"
    if not index.is_file():
        return []
    return [Recorded(json.loads(line)) for line in index.read_text("utf-8").splitlines()]


def vectors(kind: str = "vectors") -> list[dict[str, Any]]:
    path = SHARED / "vectors" / "sse_vectors.json"
    found: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))[kind] if path.is_file() else []
    return found
