"""The same with PyTorch: tensors are pushed as they are, on any device, in any float type.

    pip install ./clients/python[torch] numpy scikit-learn
    python clients/python/examples/train_torch.py

The network gives logits, and the stream is told so: evald never guesses what a score is.
"""

from __future__ import annotations

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

import evald

EPOCHS = 30
PATIENCE = 5
METRICS = ["log_loss", "f1", "roc_auc", "ece", "optimal_f1", "optimal_threshold"]


def main() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    pixels, digits = load_digits(return_X_y=True)
    images = torch.tensor(pixels / 16.0, dtype=torch.float32).view(-1, 1, 8, 8)
    data = TensorDataset(images, torch.tensor(digits == 8))
    parts = random_split(data, [0.6, 0.2, 0.2], torch.Generator().manual_seed(0))
    # Workers are forked; the connection to evald stays with this process.
    train, valid, test = (DataLoader(part, 64, shuffle=not i) for i, part in enumerate(parts))

    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(128, 16), nn.ReLU(), nn.Linear(16, 1)),
    ).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    loss_of = nn.BCEWithLogitsLoss()

    with evald.start() as ev:
        losses = ev.stream("train loss", task="scalar", metrics=["mean"])
        val = ev.stream("validation", task="binary", metrics=METRICS, score_kind="logit")
        best, since_best, threshold = -1.0, 0, 0.0
        weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}

        for epoch in range(EPOCHS):
            model.train()
            for batch, is_eight in train:
                loss = loss_of(model(batch.to(device)).squeeze(1), is_eight.float().to(device))
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                losses.push(values=loss)  # detached and copied by the client

            model.eval()
            with torch.no_grad(), torch.autocast(device, dtype=torch.bfloat16):
                for batch, is_eight in valid:
                    val.push(scores=model(batch.to(device)), labels=is_eight)  # [n, 1] bfloat16

            row = val.mark(f"epoch {epoch}", loss=losses.mark(f"epoch {epoch}")["mean"])
            print(
                f"{row.label:9} loss {row.loss:.4f}  F1 {row.f1:.4f}  ROC-AUC {row.roc_auc:.4f}"
                f"  ECE {row.ece:.4f}  best threshold {row.optimal_threshold:.4f}"
                f" (F1 {row.optimal_f1:.4f})"
            )
            if row.optimal_f1 > best:
                best, since_best, threshold = row.optimal_f1, 0, row.optimal_threshold
                weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
            else:
                since_best += 1
                if since_best == PATIENCE:
                    print(f"no better F1 for {PATIENCE} epochs: stop")
                    break

        model.load_state_dict(weights)
        final = ev.stream(
            "test", task="binary", score_kind="logit", threshold=threshold, slices=["half"]
        )
        with torch.no_grad():
            for batch, is_eight in test:
                heavy = batch.sum(dim=(1, 2, 3)) > 19.0
                names = ["heavy" if item else "light" for item in heavy]
                final.push(scores=model(batch.to(device)), labels=is_eight, slices={"half": names})
        print(f"\nthe test rows, at the logit {threshold:.4f} that was best on validation\n")
        print(final.query("f1", "precision", "recall", "roc_auc", "ece"))
        print(final.slices("half", "f1", "roc_auc"))


if __name__ == "__main__":
    main()
