"""Runs real tools in a scratch folder and writes down what they print, as an agent would have read it.

A payload is never written by hand: each is the output of a command, or the text of a file that a package ships. What
cannot be run here is skipped, and the reason is said at the end.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

# Agents cut what a shell prints near this many characters, so a payload that is longer was never read by a model.
SHELL_LIMIT = 30_000
LONGEST = 120_000
SHORTEST = 900


class Skipped(Exception):
    """A payload that cannot be made here."""


class Workbench:
    def __init__(self, corpus: Path, scratch: Path, only: set[str]):
        self.corpus = corpus
        self.scratch = scratch
        self.only = only
        self.made: list[tuple[str, str, int]] = []
        self.skipped: list[tuple[str, str]] = []
        self.failed_groups: list[tuple[str, str]] = []
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ["HOME"],
            "USER": os.environ.get("USER", "root"),
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "TERM": "dumb",
            "PYTHONDONTWRITEBYTECODE": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_PAGER": "cat",
            "PAGER": "cat",
            "CARGO_TERM_COLOR": "never",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }
        for name in ("CARGO_HOME", "RUSTUP_HOME", "PIP_CERT", "PIP_DEFAULT_TIMEOUT", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "GOFLAGS",
                     "GOPROXY", "GOSUMDB", "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            if name in os.environ:
                self.env[name] = os.environ[name]

    def folder(self, *parts: str) -> Path:
        path = self.scratch.joinpath(*parts)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def write(self, path: Path, text: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def need(self, *tools: str) -> None:
        missing = [tool for tool in tools if not shutil.which(tool, path=self.env["PATH"])]
        if missing:
            raise Skipped("not found: " + ", ".join(missing))

    def run(self, command: str, folder: Path, timeout: int = 600, env: dict | None = None) -> tuple[str, int]:
        """Both streams of `command` in the order in which they came."""
        done = subprocess.run(
            ["bash", "-c", command], cwd=folder, env=self.env | (env or {}), timeout=timeout,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return done.stdout.decode("utf-8", "replace"), done.returncode

    def prepare(self, command: str, folder: Path, timeout: int = 1200, env: dict | None = None) -> None:
        """Runs what has to be there before a payload can be made."""
        text, code = self.run(command, folder, timeout, env)
        if code != 0:
            raise Skipped(f"`{command[:80]}` failed with {code}: {text.strip()[-300:]}")

    def once(self, stamp: str, folder: Path, *commands: str, env: dict | None = None) -> None:
        """Runs `commands` unless they were run before, in this scratch folder."""
        done = self.folder("stamps") / stamp
        if done.exists():
            return
        for command in commands:
            self.prepare(command, folder, env=env)
        done.write_text("\n".join(commands))

    def shell(self, name: str, kind: str, command: str, folder: Path, question: str = "", *,
              limit: int = SHELL_LIMIT, timeout: int = 600, env: dict | None = None, before: str = "",
              tool: str = "Bash") -> None:
        """A payload: what `command` prints. `before` is run first and not written down."""
        def make() -> tuple[str, dict]:
            if before:
                self.prepare(before, folder, env=env)
            text, code = self.run(command, folder, timeout, env)
            if code == 127:
                raise Skipped(text.strip()[-200:])
            return cut(text, limit), {"name": tool, "arguments": {"command": command}}
        self.payload(name, kind, question, make)

    def read(self, name: str, kind: str, path: Path, question: str = "", *, first: int = 1, lines: int = 2000) -> None:
        """A payload: a file as an agent's read tool shows it, each line with its padded number and a tab."""
        def make() -> tuple[str, dict]:
            if not path.is_file():
                raise Skipped(f"no file {path.name}")
            text = path.read_text("utf-8", "replace").split("\n")
            if text and not text[-1]:
                text.pop()
            shown = text[first - 1:first - 1 + lines]
            numbered = "\n".join(f"{first + at:6}\t{line[:2000]}" for at, line in enumerate(shown))
            arguments: dict = {"file_path": str(path)}
            if first > 1 or len(text) > lines:
                arguments |= {"offset": first, "limit": lines}
            return cut(numbered, 60_000), {"name": "Read", "arguments": arguments}
        self.payload(name, kind, question, make)

    def answer(self, name: str, kind: str, call: dict, make_text, question: str = "", limit: int = 60_000) -> None:
        """A payload: what another tool than a shell answered."""
        self.payload(name, kind, question, lambda: (cut(make_text(), limit), call))

    def payload(self, name: str, kind: str, question: str, make) -> None:
        if self.only and name not in self.only and kind not in self.only:
            return
        if any(made == name for made, _, _ in self.made):
            raise ValueError(f"two payloads are called {name}")
        try:
            text, call = make()
            if len(text) < SHORTEST:
                raise Skipped(f"only {len(text)} characters: {text.strip()[:200]}")
        except (Skipped, OSError, subprocess.SubprocessError) as err:
            self.skipped.append((name, str(err)))
            return
        # Newlines are not translated: a carriage return is part of what was printed.
        with open(self.corpus / f"{name}.txt", "w", encoding="utf-8", newline="") as file:
            file.write(text)
        about = {"type": kind, "call": call, "question": question}
        (self.corpus / f"{name}.json").write_text(json.dumps(about, ensure_ascii=False, indent=1) + "\n")
        self.made.append((name, kind, len(text)))

    def group(self, make) -> None:
        """Makes one group of payloads; a tool that is missing costs only its own group."""
        try:
            make(self)
        except (Skipped, OSError, subprocess.SubprocessError) as err:
            self.failed_groups.append((make.__name__, str(err)))


def cut(text: str, limit: int) -> str:
    """The first lines of `text`, at most `limit` characters; a line that is longer than all of it is cut itself."""
    limit = min(limit, LONGEST)
    text = text.replace("\0", "")
    if len(text) <= limit:
        return text
    end = text.rfind("\n", 0, limit)
    return text[:end + 1] if end > limit // 2 else text[:limit]
