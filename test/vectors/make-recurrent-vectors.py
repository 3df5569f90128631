"""Makes torch-recurrent.json with PyTorch 2.13 (CPU, float64): python make-recurrent-vectors.py

torch.nn.RNN, GRU and LSTM, batch first: outputs, last states and the gradients of sum(result * fixed numbers), by every
parameter, the series and the first states. Numbers come from the formula of make-torch-vectors.py. The GRU whose reset gate acts
before the product (Cho et al. 2014) has no module in PyTorch; it is written out here.
"""
import json
import os

import torch

from torch_numbers import operand as numbers, plain

HERE = os.path.dirname(os.path.abspath(__file__))
B, T, C, F = 3, 5, 4, 6


def reset_before(x, h, w):
    """One layer; parameters in PyTorch's shapes and order of gates."""
    outputs = []
    for t in range(T):
        input = x[:, t] @ w["weight_ih_l0"].T + w["bias_ih_l0"]
        r, z = (input[:, : 2 * F] + h @ w["weight_hh_l0"][: 2 * F].T + w["bias_hh_l0"][: 2 * F]).sigmoid().chunk(2, 1)
        n = torch.tanh(input[:, 2 * F :] + (r * h) @ w["weight_hh_l0"][2 * F :].T + w["bias_hh_l0"][2 * F :])
        h = (1 - z) * n + z * h
        outputs.append(h)
    return torch.stack(outputs, 1), h[None]


def case(kind, layers, bias, first, reset="after"):
    module = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[kind](C, F, layers, bias=bias, batch_first=True).double()
    weights = {}
    for salt, (name, parameter) in enumerate(module.named_parameters()):
        weights[name] = numbers(100 + salt, tuple(parameter.shape), 1.2)
    x = numbers(1, (B, T, C), 3)
    states = [numbers(2 + i, (layers, B, F), 2) for i in range(2 if kind == "lstm" else 1)] if first else []
    given = tuple(states) if kind == "lstm" else (states[0] if states else None)
    if reset == "before":
        output, last = reset_before(x, given[0], weights)
    else:
        output, last = torch.func.functional_call(module, weights, (x, given) if first else (x,))
    results = {"output": output, **({"hidden": last[0], "cell": last[1]} if kind == "lstm" else {"hidden": last})}
    loss = sum((r * numbers(90 + i, tuple(r.shape)).detach()).sum() for i, r in enumerate(results.values()))
    operands = {"x": x, **{["hidden", "cell"][i]: s for i, s in enumerate(states)}, **weights}
    gradients = torch.autograd.grad(loss, list(operands.values()))
    return {
        "kind": kind, "layers": layers, "bias": bias, "first": first, "reset": reset,
        "results": {name: plain(r) for name, r in results.items()},
        "gradients": {name: plain(g) for name, g in zip(operands, gradients)},
    }


cases = [case(kind, *rest) for kind in ("rnn", "gru", "lstm") for rest in ((1, True, True), (2, True, False), (2, False, True))]
cases.append(case("gru", 1, True, True, "before"))
with open(os.path.join(HERE, "torch-recurrent.json"), "w") as file:
    provenance = f"test/vectors/make-recurrent-vectors.py, PyTorch {torch.__version__}, float64"
    json.dump({"provenance": provenance, "cases": cases}, file, separators=(",", ":"))
    file.write("\n")
