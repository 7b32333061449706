"""What a trial is queued with: the versions of code, packages and Python."""

import platform
import re
import time
from dataclasses import asdict, replace
from email.message import Message
from email.parser import HeaderParser
from importlib import metadata
from pathlib import Path

import engine
from engine.canonical import content_key
from engine.code import digest
from wnkd_tui.queue.checkout import checkout
from wnkd_tui.store.rows import CaptureRow

DISTRIBUTION = "wnkd-tui"
_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?")
_EXTRA = re.compile(r"""\bextra\s*==\s*['"]([^'"]+)['"]""")


def capture() -> CaptureRow:
    """This installation as it is now; equal ones have an equal `id`, whenever they are taken.

    Asks git and the packages' metadata and imports no package.
    """
    package = Path(engine.__file__).parent
    revision, diff = checkout(package.parent)
    row = CaptureRow(
        id="",
        wnkd=_version(),
        revision=revision,
        diff=diff,
        engine=digest(package),
        python=f"{platform.python_implementation()} {platform.python_version()}",
        platform=platform.platform(),
        packages=packages(),
        taken_at=0.0,
    )
    return replace(row, id=content_key(asdict(row)), taken_at=time.time())


def packages() -> dict[str, str]:
    """The versions of all installed packages that wnkd needs, directly or through others."""
    versions: dict[str, str] = {}
    seen = set()
    needed = [(DISTRIBUTION, "")]  # a package, and one of its extras or ""
    while needed:
        name, extra = needed.pop()
        name = re.sub(r"[-_.]+", "-", name).lower()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:  # of another platform or Python
            continue
        headers = _headers(found)
        versions[name] = headers["Version"]
        for requirement in headers.get_all("Requires-Dist", ()):
            wanted = _EXTRA.search(requirement)
            parts = _NAME.match(requirement)
            if parts and (wanted[1] if wanted else "") == extra:
                extras = (parts[2] or "").replace(" ", "").split(",")
                needed += [(parts[1], one) for one in {"", *extras}]
    versions.pop(DISTRIBUTION, None)  # has a field of its own
    return dict(sorted(versions.items()))


def _headers(found: metadata.Distribution) -> Message:
    """Its metadata without the long description, which takes most of the time to read."""
    return HeaderParser().parsestr(found.read_text("METADATA") or found.read_text("PKG-INFO") or "")


def _version() -> str:
    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:  # run from its source
        return "not installed"
