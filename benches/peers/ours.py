"""Payloads through our own binary: its `compress` command for the text, its proxy for the time."""

import http.client
import http.server
import json
import os
import re
import socket
import subprocess
import threading
import time
from pathlib import Path

EXPLAINED = re.compile(r"^(.*?) of `.*?`: (.*?)(?: made (\d+) tokens of (\d+)|\((\d+) tokens\): (.*))")
HANDLE = re.compile(r"headroom retrieve ([0-9a-f]{16})")
# A gap names the lines that it stands for, and both the tool and the command take them.
GAP = re.compile(r"^\[headroom: lines? (\d+(?:-\d+)?) left out: .*headroom retrieve ([0-9a-f]{16})\]$", re.M)


class Binary:
    def __init__(self, path: Path, home: Path):
        self.path = path
        self.env = {"PATH": os.environ["PATH"], "HOME": str(home), "HEADROOM_HOME": str(home / "headroom")}

    def compress(self, messages: list) -> dict:
        """The messages as they would be sent, and what `--explain` says of the tool result."""
        done = subprocess.run([self.path, "compress", "--json", "--explain"], env=self.env, check=True, text=True,
                              input=json.dumps({"messages": messages}, ensure_ascii=False), capture_output=True,
                              encoding="utf-8")
        answer = json.loads(done.stdout)
        answer["explained"] = done.stderr.strip().splitlines()
        return answer

    def originals(self, text: str) -> dict[str, str]:
        """What stands behind each gap and each handle in `text`, and behind the handles in that."""
        found: dict[str, str] = {}
        waiting = [f"{handle} --lines {lines}" for lines, handle in GAP.findall(text)] + HANDLE.findall(text)
        while waiting:
            way = waiting.pop()
            if way in found:
                continue
            done = subprocess.run([self.path, "retrieve", *way.split()], env=self.env, capture_output=True, check=False)
            if done.returncode == 0:
                found[way] = done.stdout.decode()
                waiting += HANDLE.findall(found[way])
        return found


def compressor(explained: list[str]) -> tuple[str, int, int]:
    """What was done with the tool result, and its tokens before and after, by the binary's own account."""
    for line in reversed(explained):
        if made := re.search(r" of `.*?`: (.+) made (\d+) tokens of (\d+)", line):
            return made.group(1), int(made.group(3)), int(made.group(2))
        if left := re.search(r" of `.*?`: left as it is \((\d+) tokens\): (.*)", line):
            return f"- ({left.group(2)})", int(left.group(1)), int(left.group(1))
    return "- (not looked at)", 0, 0


class Proxy:
    """The real proxy before an upstream of ours, to tell what it adds to a request."""

    def __init__(self, binary: Binary):
        self.upstream = Upstream()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(
            [binary.path, "proxy", "--port", str(self.port), "--anthropic-api-url", f"http://127.0.0.1:{self.upstream.port}"],
            env=binary.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port)
        self.direct = http.client.HTTPConnection("127.0.0.1", self.upstream.port)

    def send(self, messages: list) -> dict:
        """What reached the upstream, and how much later than without the proxy."""
        # Forms that leave something out are for clients that can ask for the rest.
        tools = [{"name": "mcp__headroom__headroom_retrieve", "description": "Fetch an original",
                  "input_schema": {"type": "object", "properties": {"handle": {"type": "string"}}}}]
        body = json.dumps({"model": "claude-sonnet-4-5-20250929", "max_tokens": 1, "tools": tools,
                           "messages": messages}, ensure_ascii=False).encode()
        began = time.perf_counter()
        post(self.direct, body)
        direct = self.upstream.arrived - began
        cpu = self.cpu()
        began = time.perf_counter()
        post(self.connection, body)
        proxied = self.upstream.arrived - began
        return {"ms": (proxied - direct) * 1e3, "cpu_ms": (self.cpu() - cpu) / 1e6,
                "messages": json.loads(self.upstream.body)["messages"]}

    def cpu(self) -> int:
        """Nanoseconds that the proxy's threads have run, those that have ended by now as well: one that ends decides."""
        # Linux names the clock of another process by its id: MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED).
        return time.clock_gettime_ns((~self.process.pid << 3) | 2)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()
        self.upstream.server.shutdown()


def post(connection: http.client.HTTPConnection, body: bytes) -> None:
    connection.request("POST", "/v1/messages", body, {"content-type": "application/json", "x-api-key": "none",
                                                      "anthropic-version": "2023-06-01"})
    connection.getresponse().read()


class Upstream:
    """Keeps the newest body and the time at which its last byte came."""

    def __init__(self):
        self.body, self.arrived = b"", 0.0
        upstream = self
        answer = json.dumps({"id": "msg_1", "type": "message", "role": "assistant", "content": [], "model": "m",
                             "stop_reason": "end_turn", "usage": {"input_tokens": 1, "output_tokens": 1}}).encode()

        class Answer(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                if self.headers.get("transfer-encoding", "") == "chunked":
                    body = b""
                    while size := int(self.rfile.readline().split(b";")[0], 16):
                        body += self.rfile.read(size)
                        self.rfile.readline()
                    self.rfile.readline()
                else:
                    body = self.rfile.read(int(self.headers["content-length"]))
                upstream.arrived = time.perf_counter()
                upstream.body = body
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
