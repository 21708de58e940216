"""Runs inside the virtual environment of the Python tool: compresses and redeems, a JSON line each way.

It sets the process up as the tool's own proxy does, so that the pipeline is the one that an agent's requests meet.
"""

import json
import os
import re
import sys
import time

# What it prints while it loads must not get between the answers.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import tiktoken  # noqa: E402
from headroom.agent_savings import proxy_pipeline_kwargs, seed_proxy_env_defaults  # noqa: E402

seed_proxy_env_defaults()

from headroom.cache.compression_store import get_compression_store  # noqa: E402
from headroom.proxy.server import HeadroomProxy, _proxy_config_from_env  # noqa: E402
from headroom.transforms.compression_policy import resolve_policy  # noqa: E402
from headroom.utils import extract_user_query  # noqa: E402

MODEL = "claude-sonnet-4-5-20250929"
HANDLE = re.compile(r"(?<![0-9a-f])[0-9a-f]{12}(?![0-9a-f])|(?<![0-9a-f])[0-9a-f]{24}(?![0-9a-f])")

# One of the packages that it depends on ships the vocabulary, so nothing is fetched.
vocabulary = tiktoken.get_encoding("o200k_base")
config = _proxy_config_from_env()
proxy = HeadroomProxy(config)
loaded = proxy._eager_preload_transforms()


def compress(messages):
    began, cpu = time.perf_counter(), time.process_time()
    result = proxy.anthropic_pipeline.apply(
        messages=messages,
        model=MODEL,
        model_limit=200_000,
        context=extract_user_query(messages),
        frozen_message_count=0,
        prefix_replay_guaranteed=True,
        biases=None,
        protect=None,
        request_id="compare",
        compression_policy=resolve_policy(None),
        **proxy_pipeline_kwargs(config),
    )
    spent = {"ms": (time.perf_counter() - began) * 1e3, "cpu_ms": (time.process_time() - cpu) * 1e3}
    # Its proxy sends the request as it came when that is smaller.
    inflated = result.tokens_after > result.tokens_before
    return spent | {"messages": messages if inflated else result.messages,
                    "transforms": [one for one in result.transforms_applied if "user_message" not in one]}


def originals(text):
    """What stands behind each handle in `text`, and behind the handles in that."""
    found, waiting = {}, HANDLE.findall(text)
    while waiting and len(found) < 2000:
        handle = waiting.pop()
        if handle in found:
            continue
        entry = get_compression_store().retrieve(handle)
        found[handle] = entry.original_content if entry else None
        if entry:
            waiting += HANDLE.findall(entry.original_content)
    return {handle: text for handle, text in found.items() if text is not None}


print(json.dumps({"loaded": str(loaded)[:600]}), file=answers, flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    if "messages" in asked:
        answer = compress(asked["messages"])
    elif "redeem" in asked:
        answer = originals(asked["redeem"])
    else:
        answer = [len(vocabulary.encode_ordinary(text)) for text in asked["count"]]
    print(json.dumps(answer), file=answers, flush=True)
