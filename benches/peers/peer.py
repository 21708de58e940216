"""Payloads through the published Python tool, which runs in a process of its own."""

import json
import os
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent


class Peer:
    def __init__(self, venv: Path, home: Path):
        vocabularies = next(venv.glob("lib/python3*/site-packages/litellm/litellm_core_utils/tokenizers"))
        env = {
            "PATH": f"{venv}/bin:{os.environ['PATH']}",
            "HOME": str(home),
            "HEADROOM_WORKSPACE_DIR": str(home / "peer"),
            "TIKTOKEN_CACHE_DIR": str(vocabularies),
            # Nothing that is measured may wait for a network.
            "HF_HUB_OFFLINE": "1",
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "HEADROOM_TELEMETRY": "off",
        }
        self.log = open(home / "peer.log", "w")
        self.process = subprocess.Popen([venv / "bin/python", HERE / "peer_server.py"], env=env, text=True,
                                        encoding="utf-8", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log)
        self.loaded = self.read()["loaded"]

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"the peer stopped: see {self.log.name}")
        return json.loads(line)

    def ask(self, question: dict):
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return self.read()

    def compress(self, messages: list) -> dict:
        return self.ask({"messages": messages})

    def originals(self, text: str) -> dict[str, str]:
        return self.ask({"redeem": text})

    def count(self, texts: list[str]) -> list[int]:
        return self.ask({"count": texts})

    def stop(self) -> None:
        self.process.stdin.close()
        self.process.wait()
        self.log.close()
