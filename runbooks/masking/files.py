"""Mask and leak files: read when a run is asked for, and held to what they were then."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from shutil import which

from runbooks.masking.leaks import LeakFileError, parse_leaks
from runbooks.masking.plan import MaskFile, MaskRequest
from runbooks.masking.sql import MaskFileError, parse_mask


class FileChangedError(Exception):
    """A file is not what it was when the run was asked for."""


def fix_file(path: str) -> MaskFile:
    """A file with its digest, by its full path so that a run can be resumed from another folder.

    Raises:
        OSError: it cannot be read.
    """
    full = Path(path).absolute()
    return MaskFile(path=str(full), sha256=sha256(full.read_bytes()).hexdigest())


def read_file(path: str, digest: str) -> str:
    """The text of a file that must not have changed.

    Raises:
        FileChangedError: it has, or is not text, or cannot be read.
    """
    try:
        content = Path(path).read_bytes()
        if sha256(content).hexdigest() != digest:
            raise FileChangedError(
                f"{path} must be as it was when this run began, got another content; put it back, or start another run"
            )
        return content.decode()
    except OSError as error:
        raise FileChangedError(f"{path} must be readable, got {error.strerror}; put it back") from None
    except UnicodeDecodeError:
        raise FileChangedError(f"{path} must be UTF-8 text, got other bytes; save it as UTF-8") from None


def look_at(request: MaskRequest) -> tuple[str, ...]:
    """Reasons, for a plan, why these files cannot be used; none when they can. Reads files, and nothing else."""
    return tuple(_problems(request))


def _problems(request: MaskRequest) -> Iterable[str]:
    for file in request.files:
        try:
            parse_mask(read_file(file.path, file.sha256))
        except FileChangedError as error:
            yield str(error)
        except MaskFileError as error:
            yield f"{file.path} {error}"
    if request.command and which(request.command[0]) is None:
        yield f"{request.command[0]} must be a program on this machine, got none; give its full path by --mask-with"
    if request.leaks is not None:
        try:
            parse_leaks(read_file(request.leaks.path, request.leaks.sha256))
        except FileChangedError as error:
            yield str(error)
        except LeakFileError as error:
            yield f"{request.leaks.path} {error}"
