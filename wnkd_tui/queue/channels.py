"""The ways a notice can take: a person's command, a webhook. Each try is bounded in time."""

import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from wnkd_tui.config import NotifyConfig
from wnkd_tui.home import Home
from wnkd_tui.queue import bounded, webhook

EVENT = "WNKD_EVENT"
OUTPUT = 4096  # bytes of a program's output that are kept
_POST = (sys.executable, "-I", "-X", "utf8", webhook.__file__)


@dataclass(frozen=True)
class Message:
    """`text` is one line; `more` are JSON-ready facts for programs."""

    event: str
    text: str
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """How a try went. `says`: one line; `output`: what the command printed."""

    channel: str
    ok: bool
    says: str
    output: str = ""


class Channel(Protocol):
    name: str  # for people

    def send(self, message: Message, seconds: float) -> Outcome:
        """Tries once, for at most so long; never raises."""


class Command:
    """A program that gets the text as its last argument and the event in its environment."""

    def __init__(self, words: tuple[str, ...], directory: Path) -> None:
        self.name = f"command {Path(words[0]).name}"
        self._words, self._directory = words, directory

    def send(self, message: Message, seconds: float) -> Outcome:
        env = {EVENT: message.event}
        return _run(self.name, (*self._words, message.text), seconds, self._directory, env)


class Webhook:
    """A URL that gets a POST; its host alone is told, since the rest may be a secret."""

    def __init__(self, url: str, directory: Path) -> None:
        self.name = f"webhook {urlsplit(url).hostname}"
        self._url, self._directory = url, directory

    def send(self, message: Message, seconds: float) -> Outcome:
        body = json.dumps({"text": message.text, "event": message.event, **message.more})
        asked = json.dumps({"url": self._url, "body": body, "seconds": seconds})
        done = _run(self.name, _POST, seconds, self._directory, {}, asked.encode())
        said = " ".join(done.output.split())
        return Outcome(self.name, done.ok, said or done.says)


def channels(config: NotifyConfig, home: Home) -> list[Channel]:
    """Those that `config` names; programs work in the home's directory."""
    found: list[Channel] = []
    if config.command:
        found.append(Command(config.command, home.root))
    if config.webhook:
        found.append(Webhook(config.webhook, home.root))
    return found


def _run(
    name: str,
    command: tuple[str, ...],
    seconds: float,
    directory: Path,
    env: Mapping[str, str],
    given: bytes = b"",
) -> Outcome:
    try:
        ended = bounded.run(
            command,
            seconds=seconds,
            most=OUTPUT,
            directory=directory,
            env={**os.environ, **env},
            given=given,
        )
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        return Outcome(name, False, f"cannot be started: {why}")
    output = ended.output.decode("utf-8", "replace") + (" …" if ended.cut else "")
    return Outcome(name, ended.ok, _ending(ended.code, seconds), output)


def _ending(code: int | None, seconds: float) -> str:
    if code is None:
        return f"took longer than {seconds:.3g} s and was ended"
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"ended by signal {-code}"
