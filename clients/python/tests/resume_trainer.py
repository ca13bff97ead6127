"""A trainer that saves torch checkpoints and goes on from the last one; run by test_resume.py.

As a program it imports torch once, and for each line `DIRECTORY STATE|EMBED` on standard input
forks a trainer, prints its process id, and its exit status when it has ended.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import torch

import evald

STEPS = 160
EPOCH = 40
SAVE_EVERY = 7
METRICS = ["f1", "roc_auc", "log_loss", "ece", "optimal_f1"]


def batch(step: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(step)
    inputs = torch.randn(64, 8, generator=generator)
    labels = (inputs.sum(1) + torch.randn(64, generator=generator) > 0).float()
    return inputs, labels


def train(directory: Path, has_state: bool) -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    path = directory / "checkpoint.pt"
    saved: dict[str, Any] | None = torch.load(path, weights_only=True) if path.exists() else None
    model = torch.nn.Linear(8, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    start = 0
    if saved is not None:
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        start = saved["step"]

    with evald.start(state=directory / "evald" if has_state else None, on_error="raise") as ev:
        ev.load_state_dict(None if saved is None else saved["evald"])
        losses = ev.stream("loss", "scalar", metrics=["mean", "std", "sum"])
        val = ev.stream(
            "val",
            "binary",
            metrics=METRICS,
            slices=["half"],
            score_kind="logit",
            keep_windows=2,
            unique_ids=True,
        )
        for step in range(start, STEPS):
            if step % SAVE_EVERY == 0 and step > start:
                save(path, model, optimizer, step, ev)
            inputs, labels = batch(step)
            logits = model(inputs).squeeze(1)
            loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.push(values=loss)
            ids = list(range(64 * step, 64 * step + 64))
            val.push(
                scores=logits,
                labels=labels,
                ids=ids,
                slices={"half": ["first" if i % 2 else "second" for i in range(64)]},
            )
            if step % EPOCH == EPOCH - 1:
                val.mark(f"epoch {step // EPOCH}", loss=losses.mark()["mean"])
        result = {
            "history": [{**row, "time": None} for row in val.history()],
            "losses": [{**row, "time": None} for row in losses.history()],
            "last": val.query(window={"marks": 2}),
            "all": val.query(window="all"),
            "sum": losses.query("sum", window="all"),
            "slices": val.slices("half", window="all"),
            "counts": [val.describe()[key] for key in ("count", "total_count", "marks")],
        }
    text = json.dumps(result, default=repr, indent=1, sort_keys=True)
    lines = [line for line in text.splitlines() if '"revision"' not in line]
    (directory / "result.json").write_text("\n".join(lines))


def save(path: Path, model: Any, optimizer: Any, step: int, ev: evald.Evald) -> None:
    """Either the old checkpoint is there, or the whole of the new one."""
    new = path.with_suffix(".new")
    torch.save(
        {
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "step": step,
            "evald": ev.state_dict(),
        },
        new,
    )
    os.replace(new, path)


def main() -> None:
    for line in sys.stdin:
        directory, kind = line.split()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                sys.stdout = open(os.devnull, "w")  # noqa: SIM115
                with open(f"{directory}/stderr", "a") as errors:
                    os.dup2(errors.fileno(), 2)
                train(Path(directory), kind == "STATE")
                status = 0
            except BaseException:
                import traceback

                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(status)
        print(child, flush=True)
        print(os.waitpid(child, 0)[1], flush=True)


if __name__ == "__main__":
    main()
