"""Generated files: written, or compared with what is there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def write_or_check(files: Mapping[Path, str], *, check: bool) -> int:
    """Write the files, named from the root of the repository; with `check`, write none and return 1 if one is stale."""
    stale = [path for path, text in files.items() if not _is_current(ROOT / path, text)]
    for path in stale:
        if check:
            print(f"{path} is out of date; run `make generate`")
            continue
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(files[path], encoding="utf-8")
        print(f"wrote {path}")
    return int(check and bool(stale))


def _is_current(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text
