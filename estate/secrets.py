"""What looks like a secret: an estate is read by many, and its parameters and tags are shown to more.

Shapes that have no other use, no guess from length or randomness: an AWS key id is documented by its prefix
[IAM, "Identifiers"], a private key by its header [RFC 7468], a password by the URL [RFC 3986, 3.2.1] or the clause
that it stands in.
"""

from __future__ import annotations

import re

SHAPES = re.compile(
    r"(?:A3T[A-Z0-9]|AKIA|ASIA)[A-Z0-9]{16}"  # an access key id of AWS
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\b[a-z][a-z0-9+.-]*://[^\s/:@]+:[^\s/@{]+@"  # a user and a password in a URL
    r"|\bgh[pousr]_[A-Za-z0-9]{36}\b"  # a token of GitHub
    r"|(?i:\b(?:password|passwd|pwd|secret|token|identified\s+by)\s*[=:]?\s*['\"][^'\"{]+['\"])"
    r"|(?i:\b(?:password|passwd|pwd|secret|token)\s*=\s*[^\s'\"{]+)"
)
NAMES = re.compile(
    r"(?i)(?:^|[^a-z])(?:password|passwd|secret|token|api[-_]?key|private[-_]?key|credentials?)(?:$|[^a-z])"
)
POINTERS = re.compile(r"(?i)\{\{resolve:|^arn:|^(?:yes|no|true|false|on|off|none|\d*)$|^[a-z0-9]+(?:[/-][a-z0-9]+)+$")
"""Values of a name that speaks of secrets and are none: a reference, an ARN, a switch, a path or slug."""


def is_secret(value: str) -> bool:
    """Whether a text has the shape of a secret."""
    return "{{resolve:" not in value and SHAPES.search(value) is not None


def is_secret_pair(name: str, value: str) -> bool:
    """Whether a value is a secret by its own shape, or by the name that it is given."""
    return is_secret(value) or (NAMES.search(name) is not None and POINTERS.search(value) is None)
