"""Trains, is killed, and goes on: with the same numbers as a training that nobody killed.

    pip install './clients/python[torch]' numpy scikit-learn
    python clients/python/examples/train_and_resume.py [directory]

The torch checkpoint carries that of evald: `ev.state_dict()` goes into it, `ev.load_state_dict`
takes the scores back to where the model is. Whatever was counted after the checkpoint is forgotten,
since the training will count it again. The training is run twice here, in processes of its own:
once in peace, and once with `kill -9` at random moments, of the training, of evald, or of both.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

EPOCHS = 12
METRICS = ["log_loss", "f1", "roc_auc", "ece", "optimal_f1", "optimal_threshold"]


def train(directory: Path) -> None:
    import torch
    from sklearn.datasets import load_digits

    import evald

    torch.manual_seed(0)
    torch.set_num_threads(1)
    pixels, digits = load_digits(return_X_y=True)
    images = torch.tensor(pixels / 16.0, dtype=torch.float32)
    is_eight = torch.tensor(digits == 8, dtype=torch.float32)
    train, valid = torch.arange(1200), torch.arange(1200, 1797)
    model = torch.nn.Sequential(torch.nn.Linear(64, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    loss_of = torch.nn.BCEWithLogitsLoss()

    path = directory / "checkpoint.pt"
    saved: dict[str, Any] = torch.load(path, weights_only=True) if path.exists() else {}
    if saved:
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        print(f"goes on with epoch {saved['epoch']}, step {saved['step']}", flush=True)

    with evald.start(state=directory / "evald") as ev:
        ev.load_state_dict(saved.get("evald"))  # None is the beginning
        losses = ev.stream("train loss", task="scalar", metrics=["mean"])
        val = ev.stream("validation", task="binary", metrics=METRICS, score_kind="logit")

        for epoch in range(saved.get("epoch", 0), EPOCHS):
            order = train[
                torch.randperm(len(train), generator=torch.Generator().manual_seed(epoch))
            ]
            steps = list(enumerate(order.split(64)))
            for step, rows in steps[saved.pop("step", 0) :]:
                if step % 5 == 0:
                    new = {
                        "model": model.state_dict(),
                        "optimizer": optimizer.state_dict(),
                        "epoch": epoch,
                        "step": step,
                        "evald": ev.state_dict(),
                    }
                    torch.save(new, path.with_suffix(".new"))
                    os.replace(path.with_suffix(".new"), path)  # the old one or the new one
                loss = loss_of(model(images[rows]).squeeze(1), is_eight[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                losses.push(values=loss)
            with torch.no_grad():
                for rows in valid.split(64):
                    val.push(scores=model(images[rows]), labels=is_eight[rows])
            val.mark(f"epoch {epoch}", loss=losses.mark(f"epoch {epoch}")["mean"])

        for row in val.history():
            print(
                f"{row.label:9} loss {row.loss!r}  log loss {row.log_loss!r}  F1 {row.f1!r}"
                f"  ROC-AUC {row.roc_auc!r}  ECE {row.ece!r}"
            )


def start(directory: Path) -> subprocess.Popen[str]:
    """The training, as a process."""
    directory.mkdir(exist_ok=True)
    command = [sys.executable, __file__, "--train", str(directory)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def kill(trainer: subprocess.Popen[str], who: str) -> None:
    """Kills the training, its evald, or both."""
    lists = Path(f"/proc/{trainer.pid}/task").glob("*/children")
    evalds = [int(pid) for children in lists for pid in children.read_text().split()]
    for pid in [] if who == "training" else evalds:
        os.kill(pid, signal.SIGKILL)
    if who != "evald":
        trainer.kill()


def main(directory: Path) -> None:
    print("in peace")
    in_peace = start(directory / "in peace")
    started = time.monotonic()
    rows, _ = in_peace.communicate()
    seconds = time.monotonic() - started
    print(rows)

    chance = random.Random()
    for who in ("training", "evald", "both", "training"):
        trainer = start(directory / "killed")
        time.sleep(chance.uniform(0.3, 1.0) * seconds)
        print(f"kill -9: {who}", flush=True)
        kill(trainer, who)
        said, _ = trainer.communicate()
    while trainer.returncode != 0:
        trainer = start(directory / "killed")
        said, _ = trainer.communicate()
    print(said)
    numbers = "".join(line for line in said.splitlines(True) if not line.startswith("goes on"))
    print("the same to the last bit" if numbers == rows else "NOT THE SAME")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--train"]:
        train(Path(sys.argv[2]))
    else:
        main(Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp(prefix="evald-resume-")))
