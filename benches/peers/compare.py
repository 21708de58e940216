#!/usr/bin/env python3
"""Sends every payload through our binary and the published Python tool, and prints what each saved and kept.

`compare.py --ours-only --type diff` prints one row per payload of ours, in seconds; a debug binary will do.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import statistics
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import probes  # noqa: E402
from ours import Binary, Proxy, compressor  # noqa: E402
from peer import Peer  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "headroom-peers"


@dataclass
class Payload:
    name: str
    kind: str
    call: dict
    question: str
    text: str
    ruled: list[str] = field(default_factory=list)
    drawn: list[str] = field(default_factory=list)
    markup: list[str] = field(default_factory=list)

    def messages(self, id: str) -> list:
        """The conversation as an agent sends it: what was asked, what was called, what came back."""
        return [
            {"role": "user", "content": self.question or "Go on with the task."},
            {"role": "assistant", "content": [
                {"type": "tool_use", "id": id, "name": self.call["name"], "input": self.call["arguments"]}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": id, "content": self.text}]},
        ]


def load(corpus: Path, kinds: set[str], names: set[str]) -> list[Payload]:
    payloads = []
    for about in sorted(corpus.glob("*.json")):
        described = json.loads(about.read_text("utf-8"))
        if (kinds and described["type"] not in kinds) or (names and about.stem not in names):
            continue
        with open(about.with_suffix(".txt"), encoding="utf-8", newline="") as file:
            text = file.read()
        payload = Payload(about.stem, described["type"], described["call"], described["question"], text)
        payload.ruled = probes.by_rule(text, payload.kind)
        payloads.append(payload)
    if not payloads:
        sys.exit(f"no payloads of that kind in {corpus}: make them with `gather`")
    return payloads


def draw(payload: Payload) -> None:
    """Draws the lot, after everything was compressed."""
    payload.drawn = probes.by_lot(payload.text, payload.kind, payload.name)
    if payload.kind == "html":
        payload.markup = probes.by_lot(payload.text, payload.kind, payload.name, with_markup=True)


def result_text(messages: list) -> str:
    """The tool result as the provider gets it."""
    for message in reversed(messages):
        content = message["content"]
        for part in reversed(content if isinstance(content, list) else []):
            if part.get("type") == "tool_result":
                inner = part["content"]
                return inner if isinstance(inner, str) else "\n".join(piece.get("text", "") for piece in inner)
    raise ValueError("the tool result is gone")


@dataclass
class Outcome:
    text: str
    how: str
    before: int
    after: int
    originals: dict[str, str]
    costs: dict[str, int]
    ms: float = 0.0
    cpu_ms: float = 0.0

    def missing(self, wanted: list[str], stands=probes.is_in) -> list[str]:
        return [probe for probe in wanted if not stands(probe, self.text)]

    def lost(self, wanted: list[str]) -> list[str]:
        """Probes that neither stand in the text nor behind a handle of it."""
        return [probe for probe in self.missing(wanted)
                if not any(probes.is_in(probe, text) for text in self.originals.values())]

    def net(self, wanted: list[str], stands=probes.is_in) -> int:
        """Tokens saved once every probe was looked up."""
        needed: set[str] = set()
        for probe in self.missing(wanted, stands):
            having = [handle for handle, text in self.originals.items() if probes.is_in(probe, text)]
            if not having:
                # Nothing to redeem: it has to be read from its source again, all of it.
                return -self.after
            if not needed.intersection(having):
                needed.add(min(having, key=lambda handle: self.costs[handle]))
        return self.before - self.after - sum(self.costs[handle] for handle in needed)


def percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f}" if whole else "-"


def ours_only(args: argparse.Namespace, payloads: list[Payload]) -> int:
    with tempfile.TemporaryDirectory(prefix="headroom-peers-") as home:
        binary = Binary(args.binary, Path(home))

        def one(payload: Payload) -> tuple[Payload, Outcome]:
            answer = binary.compress(payload.messages(f"toolu_{payload.name}"))
            how, before, after = compressor(answer["explained"])
            outcome = Outcome(result_text(answer["messages"]), how, before, after, {}, {})
            draw(payload)
            if outcome.missing(payload.ruled + payload.drawn):
                outcome.originals = binary.originals(outcome.text)
                # The original of the whole is what nearly every handle names.
                outcome.costs = {handle: max(1, before * len(text) // max(1, len(payload.text)))
                                 for handle, text in outcome.originals.items()}
            return payload, outcome

        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            rows = list(pool.map(one, payloads))
    print(f"{'type':13} {'payload':28} {'before':>7} {'after':>7} {'saved':>6} {'net':>6} {'parts':>6} {'rule':>7} {'lot':>6} {'lost':>4}  how")
    for payload, outcome in rows:
        wanted = payload.ruled + payload.drawn
        print(f"{payload.kind:13} {payload.name[:28]:28} {outcome.before:7} {outcome.after:7} "
              f"{percent(outcome.before - outcome.after, outcome.before):>6} {percent(outcome.net(wanted), outcome.before):>6} "
              f"{percent(outcome.net(wanted, probes.is_in_parts), outcome.before):>6} "
              f"{len(outcome.missing(payload.ruled)):3}/{len(payload.ruled):<3} "
              f"{len(outcome.missing(payload.drawn)):3}/{len(payload.drawn):<2} {len(outcome.lost(wanted)):4}  {outcome.how}")
        if args.verbose:
            for probe in outcome.missing(wanted):
                print(f"{'':13}   missing: {probe}")
    before = sum(outcome.before for _, outcome in rows)
    saved = sum(outcome.before - outcome.after for _, outcome in rows)
    net = sum(outcome.net(payload.ruled + payload.drawn) for payload, outcome in rows)
    parts = sum(outcome.net(payload.ruled + payload.drawn, probes.is_in_parts) for payload, outcome in rows)
    gone = sum(len(outcome.missing(payload.ruled + payload.drawn)) for payload, outcome in rows)
    probed = sum(len(payload.ruled + payload.drawn) for payload, _ in rows)
    print(f"{len(rows)} payloads, {before} tokens, saved {percent(saved, before)} %, net {percent(net, before)} % (in parts {percent(parts, before)} %), "
          f"{gone} of {probed} probes missing")
    return 0


WARM_UP = [
    json.dumps([{"id": at, "state": ["open", "done"][at % 2], "title": f"item {at}"} for at in range(60)]),
    "\n".join(f"2024-01-02 03:04:{at % 60:02} INFO worker-{at % 4} took job {at}" for at in range(120)),
    "diff --git a/x b/x\n--- a/x\n+++ b/x\n" + "\n".join(f"@@ -{at},1 +{at},1 @@\n-old {at}\n+new {at}" for at in range(40)),
    "\n".join(f"src/a{at % 5}.py:{at}:def name_{at}(self):" for at in range(80)),
    "<!DOCTYPE html><html><body>" + "".join(f"<h2>Part {at}</h2><p>Some <b>words</b> here.</p>" for at in range(60)) + "</body></html>",
    "\n".join(f"def name_{at}(value):\n    return value + {at}\n" for at in range(60)),
    "\n".join(f"{at},{at * 7},name {at}" for at in range(120)),
    "[tool]\n" + "\n".join(f"key_{at} = \"value {at}\"" for at in range(60)),
    "\n\n".join(f"Paragraph {at} says that nothing much happens in it, and then it ends." for at in range(40)),
]


def compare(args: argparse.Namespace, payloads: list[Payload]) -> int:
    outcomes: dict[str, tuple[Outcome, Outcome]] = {}
    differing = []
    with tempfile.TemporaryDirectory(prefix="headroom-peers-") as home:
        binary = Binary(args.binary, Path(home))
        peer = Peer(args.venv, Path(home))
        proxy = Proxy(binary)
        for at, text in enumerate(WARM_UP):
            call = {"name": "Bash", "arguments": {"command": "./show"}}
            messages = Payload("warm", "", call, "", text).messages(f"toolu_warm_{at}")
            peer.compress(messages)
            proxy.send(messages)
        for at, payload in enumerate(payloads):
            messages = payload.messages(f"toolu_{payload.name}")
            # Neither is always the one that finds the machine as the other left it.
            if at % 2:
                theirs, timed = peer.compress(messages), proxy.send(messages)
            else:
                timed, theirs = proxy.send(messages), peer.compress(messages)
            answer = binary.compress(messages)
            text, their_text = result_text(answer["messages"]), result_text(theirs["messages"])
            if result_text(timed["messages"]) != text:
                differing.append(payload.name)
            made = []
            for sent, found, how, spent in (
                (text, binary.originals(text), compressor(answer["explained"])[0], timed),
                (their_text, peer.originals(their_text), ", ".join(theirs["transforms"]) or "-", theirs),
            ):
                before, after, *costs = peer.count([payload.text, sent, *found.values()])
                made.append(Outcome(sent, how, before, after, found, dict(zip(found, costs)), spent["ms"], spent["cpu_ms"]))
            outcomes[payload.name] = (made[0], made[1])
            print(f"\r{at + 1} of {len(payloads)}", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        proxy.stop()
        peer.stop()
    for payload in payloads:
        draw(payload)
    return report(args, payloads, outcomes, differing)


def figures(payloads: list[Payload], outcomes: dict, side: int) -> dict:
    """The sums of one side over some payloads."""
    sums: dict = collections.Counter()
    for payload in payloads:
        outcome = outcomes[payload.name][side]
        wanted = payload.ruled + payload.drawn
        sums["before"] += outcome.before
        sums["after"] += outcome.after
        sums["net"] += outcome.net(wanted)
        sums["net_parts"] += outcome.net(wanted, probes.is_in_parts)
        sums["net_ruled"] += outcome.net(payload.ruled)
        sums["ruled"] += len(payload.ruled)
        sums["ruled_kept"] += len(payload.ruled) - len(outcome.missing(payload.ruled))
        sums["drawn"] += len(payload.drawn)
        sums["drawn_kept"] += len(payload.drawn) - len(outcome.missing(payload.drawn))
        sums["lost"] += len(outcome.lost(wanted))
        sums["ms"] += outcome.ms
        sums["cpu_ms"] += outcome.cpu_ms
    sums["ms_p50"] = statistics.median(outcomes[payload.name][side].ms for payload in payloads)
    sums["cpu_p50"] = statistics.median(outcomes[payload.name][side].cpu_ms for payload in payloads)
    return sums


def cells(sums: dict) -> list[str]:
    return [
        percent(sums["before"] - sums["after"], sums["before"]),
        percent(sums["net"], sums["before"]),
        percent(sums["net_parts"], sums["before"]),
        percent(sums["ruled_kept"] + sums["drawn_kept"], sums["ruled"] + sums["drawn"]),
        f"{percent(sums['ruled_kept'], sums['ruled'])} / {percent(sums['drawn_kept'], sums['drawn'])}",
        str(sums["lost"]),
        f"{sums['ms_p50']:.1f}",
    ]


def report(args: argparse.Namespace, payloads: list[Payload], outcomes: dict, differing: list[str]) -> int:
    kinds: dict[str, list[Payload]] = {}
    for payload in payloads:
        kinds.setdefault(payload.kind, []).append(payload)
    head = ["saved %", "net %", "in parts %", "verbatim %", "by rule / by lot %", "lost", "ms p50"]
    print("Ours left, `headroom-ai` 0.42.0 right.\n")
    print("| type | payloads | tokens | " + " | ".join(head + head) + " |")
    print("|---|--:|--:|" + "--:|" * (2 * len(head)))
    below = []
    for kind, members in [*sorted(kinds.items()), ("**all**", payloads)]:
        ours, theirs = figures(members, outcomes, 0), figures(members, outcomes, 1)
        print(f"| {kind} | {len(members)} | {ours['before']} | " + " | ".join(cells(ours) + cells(theirs)) + " |")
        if ours["net"] < theirs["net"]:
            below.append(f"{kind} ({percent(ours['net'], ours['before'])} against {percent(theirs['net'], theirs['before'])})")
    print("\nnet, by rule alone: "
          f"{percent(ours['net_ruled'], ours['before'])} against {percent(theirs['net_ruled'], theirs['before'])} %")
    if "html" in kinds:
        for payload in kinds["html"]:
            payload.drawn, payload.markup = payload.markup, payload.drawn
        marked = [figures(kinds["html"], outcomes, side) for side in (0, 1)]
        print(f"html with the words of its markup drawn too: net {percent(marked[0]['net'], marked[0]['before'])} "
              f"against {percent(marked[1]['net'], marked[1]['before'])} %")
        for payload in kinds["html"]:
            payload.drawn, payload.markup = payload.markup, payload.drawn
    print(f"time, all payloads: {ours['ms']:.0f} against {theirs['ms']:.0f} ms; processor time {ours['cpu_ms']:.0f} against "
          f"{theirs['cpu_ms']:.0f} ms, p50 {ours['cpu_p50']:.2f} against {theirs['cpu_p50']:.2f} ms")
    if differing:
        print(f"the proxy sent another text than `compress` for {len(differing)}: {', '.join(differing)}")

    kept = (ours["ruled_kept"] + ours["drawn_kept"]) / (ours["ruled"] + ours["drawn"])
    goals = [
        ("net at least 40 %", ours["net"] >= 0.4 * ours["before"], percent(ours["net"], ours["before"]) + " %"),
        ("no type below the peer's net", not below, "; ".join(below) or "none"),
        ("at least 99 % of the probes verbatim", kept >= 0.99, f"{100 * kept:.2f} %"),
        ("everything recoverable", ours["lost"] == 0, f"{ours['lost']} lost"),
        ("ten times faster (p50)", ours["ms_p50"] * 10 <= theirs["ms_p50"], f"{theirs['ms_p50'] / ours['ms_p50']:.1f} times"),
        ("ten times less processor time", ours["cpu_ms"] * 10 <= theirs["cpu_ms"], f"{theirs['cpu_ms'] / ours['cpu_ms']:.1f} times"),
    ]
    print("\n| goal | | measured |\n|---|---|---|")
    for goal, met, measured in goals:
        print(f"| {goal} | {'met' if met else '**missed**'} | {measured} |")

    rows = []
    for payload in payloads:
        wanted = payload.ruled + payload.drawn
        row = {"name": payload.name, "type": payload.kind, "call": payload.call, "rule": len(payload.ruled), "lot": len(payload.drawn)}
        for side, outcome in zip(("ours", "peer"), outcomes[payload.name]):
            row[side] = {
                "before": outcome.before, "after": outcome.after, "net": outcome.net(wanted), "how": outcome.how,
                "missing_rule": outcome.missing(payload.ruled), "missing_lot": outcome.missing(payload.drawn),
                "lost": outcome.lost(wanted), "ms": round(outcome.ms, 3), "cpu_ms": round(outcome.cpu_ms, 3),
                "handles": len(outcome.originals)}
        rows.append(row)
    if args.rows:
        print("\n| payload | type | tokens | ours saved | net | missing | how | peer saved | net | missing | how |")
        print("|---|---|--:|--:|--:|--:|---|--:|--:|--:|---|")
        for row in sorted(rows, key=lambda row: row["ours"]["net"] - row["peer"]["net"]):
            sides = []
            for side in ("ours", "peer"):
                one = row[side]
                sides += [percent(one["before"] - one["after"], one["before"]), percent(one["net"], one["before"]),
                          str(len(one["missing_rule"]) + len(one["missing_lot"])), one["how"].replace("|", "/")]
            print(f"| {row['name']} | {row['type']} | {row['ours']['before']} | " + " | ".join(sides) + " |")
    if args.json:
        sums = (args.corpus / "SHA256SUMS")
        args.json.write_text(json.dumps({"corpus": str(args.corpus), "sums": sums.read_text() if sums.exists() else "",
                                         "rows": rows}, ensure_ascii=False, indent=1) + "\n")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--held-out", action="store_true", help="on the payloads that nothing is tuned on (`gather --held-out`)")
    parser.add_argument("--binary", type=Path, help="default: the newest of target/release and target/debug with --ours-only, "
                        "else target/release")
    parser.add_argument("--venv", type=Path, default=CACHE / "venv")
    parser.add_argument("--type", action="append", default=[], metavar="TYPE", help="only these types")
    parser.add_argument("--name", action="append", default=[], metavar="NAME", help="only these payloads")
    parser.add_argument("--ours-only", action="store_true", help="one row per payload, without the peer")
    parser.add_argument("--jobs", type=int, default=2, help="how many at once with --ours-only")
    parser.add_argument("--verbose", "-v", action="store_true", help="name the missing probes with --ours-only")
    parser.add_argument("--rows", action="store_true", help="print the rows of all payloads, the worst first")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything there")
    args = parser.parse_args()
    args.corpus = args.corpus or CACHE / ("held-out" if args.held_out else "corpus")
    if args.binary is None:
        built = [path for path in (ROOT / "target/release/headroom", ROOT / "target/debug/headroom") if path.exists()]
        if not args.ours_only:
            built = built[:1] if built and built[0].parent.name == "release" else []
        if not built:
            sys.exit("no binary: `cargo build --release`, or name one with --binary")
        args.binary = max(built, key=lambda path: path.stat().st_mtime)
    args.binary = args.binary.resolve()
    payloads = load(args.corpus, set(args.type), set(args.name))
    return ours_only(args, payloads) if args.ours_only else compare(args, payloads)


if __name__ == "__main__":
    sys.exit(main())
