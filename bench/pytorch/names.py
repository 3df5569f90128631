"""PyTorch's side of bench/names.ts: torch.nn's RNN, GRU or LSTM from given weights, on given batches. Prints one JSON line."""

import argparse
import json
import time
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("kind", choices=["rnn", "gru", "lstm"])
parser.add_argument("folder", type=Path)
parser.add_argument("--threads", type=int, default=1)
options = parser.parse_args()
torch.set_num_threads(options.threads)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens, self.head = nn.Embedding(27, 64), nn.Linear(64, 27)
        self.core = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[options.kind](64, 64, batch_first=True)

    def forward(self, ids):
        return self.head(self.core(self.tokens(ids))[0])


model = Model()
names = {"input": "ih", "state": "hh"}
state = {}
for name, value in load_file(options.folder / "weights.safetensors").items():
    if name.startswith("layers.0."):
        _, _, part, kind = name.split(".")
        name = f"core.{kind}_{names[part]}_l0"
    state[name] = value
model.load_state_dict(state)
data = load_file(options.folder / "data.safetensors")
inputs, targets = data["inputs"].long(), data["targets"].long()
groups = [
    {"params": [p for p in model.parameters() if p.dim() >= 2], "weight_decay": 0.01},
    {"params": [p for p in model.parameters() if p.dim() < 2], "weight_decay": 0.0},
]
optimizer = torch.optim.AdamW(groups, lr=2e-3, betas=(0.9, 0.99), eps=1e-8, fused=True)
losses = []
started = time.perf_counter()
for x, y in zip(inputs, targets):
    loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten(), ignore_index=-1)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
seconds = time.perf_counter() - started
with torch.no_grad():
    y = data["test.targets"].long().flatten()
    test = F.cross_entropy(model(data["test.inputs"].long()).flatten(0, 1), y, ignore_index=-1).item()
print(json.dumps({"seconds": seconds, "testLoss": test, "losses": losses}))
