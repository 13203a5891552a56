"""Processes and those that they started."""

import os


def children(process):
    """The processes that this one started and that are not gone."""
    found = []
    try:
        for task in os.listdir(f"/proc/{process}/task"):
            with open(f"/proc/{process}/task/{task}/children") as file:
                found += [int(word) for word in file.read().split()]
    except OSError:
        pass
    return found


def tree(root):
    """The descendants of a process."""
    found, new = [], [root]
    while new:
        started = children(new.pop())
        found += started
        new += started
    return found
