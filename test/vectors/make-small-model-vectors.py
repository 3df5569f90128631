"""Makes torch-small-models.json with PyTorch 2.13 (CPU, float64): python make-small-model-vectors.py

Small language models of torch.nn's modules, in training: the loss on one batch, logits and the gradient of every parameter; where
there is batch normalisation, its running statistics after the step and the logits that they give. Parameters come from the formula
of make-torch-vectors.py, salted by their place in the list, scaled by a half; weights of normalisations lie around 1.
"""
import json
import os

import torch
import torch.nn.functional as F
from torch import nn

from torch_numbers import numbers, plain

HERE = os.path.dirname(os.path.abspath(__file__))
V, B, T = 7, 4, 8


class Mlp(nn.Module):
    def __init__(self, norm):
        super().__init__()
        self.tokens, self.up, self.head = nn.Embedding(V, 3), nn.Linear(3 * T, 6, bias=not norm), nn.Linear(6, V)
        self.norm = nn.BatchNorm1d(6) if norm else nn.Identity()

    def forward(self, ids):
        return self.head(torch.tanh(self.norm(self.up(self.tokens(ids).flatten(1)))))


class WaveNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens, self.head = nn.Embedding(V, 3), nn.Linear(6, V)
        self.fuse = nn.ModuleList([nn.Linear(6 if level == 0 else 12, 6, bias=False) for level in range(3)])
        self.norm = nn.ModuleList([nn.BatchNorm1d(6) for _ in range(3)])

    def forward(self, ids):
        x = self.tokens(ids)
        for fuse, norm in zip(self.fuse, self.norm):
            x = fuse(x.reshape(x.shape[0], x.shape[1] // 2, -1))
            x = torch.tanh(norm(x.transpose(1, 2)).transpose(1, 2))
        return self.head(x[:, 0])


class Recurrent(nn.Module):
    def __init__(self, core, states):
        super().__init__()
        self.tokens, self.core, self.head = nn.Embedding(V, 3), core, nn.Linear(5, V)
        self.start = nn.ParameterList([nn.Parameter(torch.zeros(core.num_layers, 5)) for _ in range(states)])

    def forward(self, ids):
        first = [s[:, None].expand(-1, ids.shape[0], -1).contiguous() for s in self.start]
        output, _ = self.core(self.tokens(ids), tuple(first) if len(first) == 2 else first[0])
        return self.head(output)


def case(name, model, window):
    model = model.double()
    norms = {id(p) for m in model.modules() if isinstance(m, nn.BatchNorm1d) for p in [m.weight]}
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for salt, p in enumerate(parameters.values()):
            p.copy_(numbers(100 + salt, tuple(p.shape), 0.5, 1.0 if id(p) in norms else 0.0))
    ids = torch.tensor([(i * i * 5 + 3 * i) % V for i in range(B * T)]).reshape(B, T)
    targets = torch.tensor([(i * i * 3 + i + 1) % V for i in range(B if window else B * T)])
    logits = model(ids).reshape(-1, V)
    loss = F.cross_entropy(logits, targets)
    loss.backward()
    model.eval()
    return {
        "name": name, "ids": ids.reshape(-1).tolist(), "targets": targets.tolist(), "loss": loss.item(), "logits": plain(logits),
        "parameters": [{"name": n, "gradient": plain(p.grad)} for n, p in parameters.items()],
        "buffers": [{"name": n, "value": plain(b)} for n, b in model.named_buffers() if "running" in n],
        "evaluated": plain(model(ids).reshape(-1, V)),
    }


cases = [
    case("mlp", Mlp(False), True),
    case("mlpNorm", Mlp(True), True),
    case("waveNet", WaveNet(), True),
    case("rnn", Recurrent(nn.RNN(3, 5, batch_first=True), 1), False),
    case("gru", Recurrent(nn.GRU(3, 5, 2, batch_first=True), 1), False),
    case("lstm", Recurrent(nn.LSTM(3, 5, 2, batch_first=True), 2), False),
]
with open(os.path.join(HERE, "torch-small-models.json"), "w") as file:
    provenance = f"test/vectors/make-small-model-vectors.py, PyTorch {torch.__version__}, float64"
    json.dump({"provenance": provenance, "cases": cases}, file, separators=(",", ":"))
    file.write("\n")
