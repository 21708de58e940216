"""The payloads, by the world that they come from."""

from . import cloud, compiled, history, machine, node, python

# Tools that others need come first.
GROUPS = [compiled.fetch_debian, *python.GROUPS, *node.GROUPS, *compiled.GROUPS, *history.GROUPS, *cloud.GROUPS,
          *machine.GROUPS]
