"""Processes that train at the same time."""

import json
import subprocess
import sys


def train_side_by_side(*shards: int, device: str = "cpu") -> list[str]:
    """Train each shard in a process of its own, all at once; returns their digests."""
    command = [sys.executable, "-m", "tests.recmodel.shard_process"]
    processes = [
        subprocess.Popen(
            [*command, str(shard), device],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for shard in shards
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    found = [json.loads(process.communicate()[0]) for process in processes]
    # Otherwise it would say nothing about training side by side.
    assert max(each["began"] for each in found) < min(each["ended"] for each in found)
    return [each["digest"] for each in found]
