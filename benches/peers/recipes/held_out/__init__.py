"""Payloads that no compressor was tuned on: the same types as next door, of other packages, projects, tools and commands."""

from . import cloud, compiled, history, machine, node, python

# Tools and histories that others need come first.
GROUPS = [compiled.fetch_debian, *python.GROUPS, *node.GROUPS, *compiled.GROUPS, *history.GROUPS, *cloud.GROUPS,
          *machine.GROUPS, node.protocol]
