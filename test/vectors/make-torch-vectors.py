"""Makes torch-*.json with PyTorch 2.13 (CPU, float64): python make-torch-vectors.py

Numbers come from a formula of whole numbers (see `numbers`), the same in test/vectors/torch-vectors.ts, rounded to float32;
all that follows is computed in float64. The files hold results and gradients, and small operands.
"""
import json
import os

import torch
import torch.nn.functional as F

from torch_numbers import operand as numbers, plain

HERE = os.path.dirname(os.path.abspath(__file__))


def save(name, content):
    provenance = f"test/vectors/make-torch-vectors.py, PyTorch {torch.__version__}, float64"
    with open(os.path.join(HERE, f"torch-{name}.json"), "w") as file:
        json.dump({"provenance": provenance, **content}, file, separators=(",", ":"))
        file.write("\n")


def case(name, operands, result):
    """Gradients of sum(result * fixed numbers), by each operand."""
    weights = numbers(99, tuple(result.shape)).detach()
    gradients = torch.autograd.grad((result * weights).sum(), list(operands.values()))
    return {"name": name, "result": plain(result), "gradients": {n: plain(g) for n, g in zip(operands, gradients)}}


def rotate(x, cos, sin):
    """As in Hugging Face's modeling_llama.py: halves, not neighbours, are paired."""
    half = x.shape[-1] // 2
    turned = torch.cat((-x[..., half:], x[..., :half]), dim=-1)
    return x * torch.cat((cos, cos), -1) + turned * torch.cat((sin, sin), -1)


def angles(time, width, theta):
    inverse = 1.0 / theta ** (torch.arange(0, width, 2, dtype=torch.float64) / width)
    product = torch.outer(torch.arange(time, dtype=torch.float64), inverse)
    return product.cos().float().double(), product.sin().float().double()


def operations():
    cases = []
    x, w, b = numbers(1, (2, 3, 8), 4), numbers(2, (8,), 1, 1), numbers(3, (8,))
    cases.append(case("layerNorm with a bias", {"x": x, "w": w, "b": b}, F.layer_norm(x, (8,), w, b, 1e-5)))
    cases.append(case("layerNorm without a bias", {"x": x, "w": w}, F.layer_norm(x, (8,), w, None, 1e-5)))
    cases.append(case("rmsNorm", {"x": x, "w": w}, F.rms_norm(x, (8,), w, 1e-5)))
    q, k, v = numbers(4, (2, 4, 3, 6), 3), numbers(5, (2, 4, 3, 6), 3), numbers(6, (2, 4, 3, 6), 3)
    cases.append(case("attention, causal", {"q": q, "k": k, "v": v}, F.scaled_dot_product_attention(q, k, v, is_causal=True)))
    cases.append(case("attention, not causal", {"q": q, "k": k, "v": v}, F.scaled_dot_product_attention(q, k, v)))
    k, v = numbers(7, (2, 2, 3, 6), 3), numbers(8, (2, 2, 3, 6), 3)
    shared = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
    cases.append(case("attention, causal, heads shared", {"q": q, "k": k, "v": v}, shared))
    x = numbers(9, (2, 2, 5, 6), 2)
    cases.append(case("rotary", {"x": x}, rotate(x, *angles(5, 6, 10000.0))))
    logits = numbers(10, (5, 7), 6)
    targets = torch.tensor([3, -1, 0, 6, -1])
    cases.append(case("crossEntropy", {"logits": logits}, F.cross_entropy(logits, targets, ignore_index=-1, reduction="none")))
    x = numbers(11, (40,), 8)
    cases.append(case("gelu, erf", {"x": x}, F.gelu(x)))
    cases.append(case("gelu, tanh", {"x": x}, F.gelu(x, approximate="tanh")))
    cases.append(case("silu", {"x": x}, F.silu(x)))
    ties = torch.tensor([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0], [0.0, -1.0, 5.0]], dtype=torch.float64, requires_grad=True)
    cases.append(case("max with ties", {"x": ties}, ties.amax(-1)))
    table = numbers(12, (5, 3))
    cases.append(case("gather, ids repeated", {"table": table}, F.embedding(torch.tensor([[4, 0], [4, 2]]), table)))
    save("operations", {"cases": cases})


def model(name, shapes, forward):
    """Loss, gradients and logits; parameters from `numbers`, salted by their place in the list."""
    weights = {}
    for salt, (key, shape) in enumerate(shapes):
        norm = "orm." in key and key.endswith("weight")
        weights[key] = numbers(100 + salt, shape, 0.5, 1.0 if norm else 0.0)
    ids = torch.tensor([[1, 2, 3, 4, 5, 6], [10, 0, 7, 7, 2, 9]])
    targets = torch.tensor([[2, 3, 4, 5, 6, 7], [0, 7, -1, 2, 9, -1]])
    logits = forward(weights, ids)
    loss = F.cross_entropy(logits.reshape(12, -1), targets.reshape(12), ignore_index=-1)
    gradients = torch.autograd.grad(loss, list(weights.values()))
    first = {"loss": loss.item(), "logits": plain(logits)}

    # Five steps of AdamW with clipping on the same batch; only tensors with two axes or more decay.
    groups = [[w for w in weights.values() if w.dim() >= 2], [w for w in weights.values() if w.dim() < 2]]
    optimizer = torch.optim.AdamW(
        [{"params": groups[0], "weight_decay": 0.1}, {"params": groups[1], "weight_decay": 0.0}], lr=0.01, betas=(0.9, 0.99), eps=1e-8
    )
    steps = []
    for _ in range(5):
        optimizer.zero_grad()
        loss = F.cross_entropy(forward(weights, ids).reshape(12, -1), targets.reshape(12), ignore_index=-1)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(weights.values(), 0.5)
        optimizer.step()
        steps.append({"loss": loss.item(), "gradientNorm": norm.item()})
    sums = {key: float(f"{w.sum().item():.9g}") for key, w in weights.items()}

    save(name, {
        "ids": ids.reshape(-1).tolist(),
        "targets": targets.reshape(-1).tolist(),
        **first,
        "parameters": [{"name": key, "gradient": plain(g)} for key, g in zip(weights, gradients)],
        "training": {"steps": steps, "sumsAfter": sums},
    })


def heads(x, count):
    return x.unflatten(-1, (count, -1)).transpose(1, 2)


def gpt():
    layers, count, width, hidden, context, vocabulary = 2, 2, 8, 16, 6, 11
    shapes = [("tokens.weight", (vocabulary, width)), ("positions.weight", (context, width))]
    for layer in range(layers):
        at = f"blocks.{layer}."
        shapes += [(at + "attentionNorm.weight", (width,)), (at + "attentionNorm.bias", (width,))]
        for part in ("query", "key", "value", "output"):
            shapes += [(f"{at}attention.{part}.weight", (width, width)), (f"{at}attention.{part}.bias", (width,))]
        shapes += [(at + "feedForwardNorm.weight", (width,)), (at + "feedForwardNorm.bias", (width,))]
        shapes += [(at + "feedForward.up.weight", (hidden, width)), (at + "feedForward.up.bias", (hidden,))]
        shapes += [(at + "feedForward.down.weight", (width, hidden)), (at + "feedForward.down.bias", (width,))]
    shapes += [("norm.weight", (width,)), ("norm.bias", (width,))]

    def forward(w, ids):
        linear = lambda x, key: F.linear(x, w[key + ".weight"], w[key + ".bias"])
        norm = lambda x, key: F.layer_norm(x, (width,), w[key + ".weight"], w[key + ".bias"], 1e-5)
        x = F.embedding(ids, w["tokens.weight"]) + w["positions.weight"]
        for layer in range(layers):
            at = f"blocks.{layer}."
            y = norm(x, at + "attentionNorm")
            q, k, v = (heads(linear(y, f"{at}attention.{part}"), count) for part in ("query", "key", "value"))
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2)
            x = x + linear(mixed, at + "attention.output")
            up = F.gelu(linear(norm(x, at + "feedForwardNorm"), at + "feedForward.up"), approximate="tanh")
            x = x + linear(up, at + "feedForward.down")
        return norm(x, "norm") @ w["tokens.weight"].T

    model("gpt", shapes, forward)


def llama():
    layers, count, shared, width, head, hidden, vocabulary = 2, 4, 2, 8, 4, 12, 11
    shapes = [("tokens.weight", (vocabulary, width))]
    for layer in range(layers):
        at = f"blocks.{layer}."
        shapes += [(at + "attentionNorm.weight", (width,))]
        shapes += [(at + "attention.query.weight", (count * head, width))]
        shapes += [(at + "attention.key.weight", (shared * head, width)), (at + "attention.value.weight", (shared * head, width))]
        shapes += [(at + "attention.output.weight", (width, count * head)), (at + "feedForwardNorm.weight", (width,))]
        shapes += [(at + "feedForward.gate.weight", (hidden, width)), (at + "feedForward.up.weight", (hidden, width))]
        shapes += [(at + "feedForward.down.weight", (width, hidden))]
    shapes += [("norm.weight", (width,)), ("head.weight", (vocabulary, width))]

    def forward(w, ids):
        linear = lambda x, key: F.linear(x, w[key + ".weight"])
        norm = lambda x, key: F.rms_norm(x, (width,), w[key + ".weight"], 1e-5)
        cos, sin = angles(6, head, 10000.0)
        x = F.embedding(ids, w["tokens.weight"])
        for layer in range(layers):
            at = f"blocks.{layer}."
            y = norm(x, at + "attentionNorm")
            q = rotate(heads(linear(y, at + "attention.query"), count), cos, sin)
            k = rotate(heads(linear(y, at + "attention.key"), shared), cos, sin)
            v = heads(linear(y, at + "attention.value"), shared)
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True).transpose(1, 2).flatten(2)
            x = x + linear(mixed, at + "attention.output")
            y = norm(x, at + "feedForwardNorm")
            x = x + linear(F.silu(linear(y, at + "feedForward.gate")) * linear(y, at + "feedForward.up"), at + "feedForward.down")
        return linear(norm(x, "norm"), "head")

    model("llama", shapes, forward)


def optimizers():
    """Five steps on a matrix (5 x 3, its transpose for wide) whose gradients are fixed numbers; Muon in float64, as published."""

    def muon(p, state, gradient, rate, momentum, decay):
        state["v"] = momentum * state.get("v", torch.zeros_like(p)) + gradient
        direction = gradient + momentum * state["v"]
        x = direction.T if p.shape[0] > p.shape[1] else direction
        x = x / (x.norm() + 1e-7)
        for _ in range(5):
            gram = x @ x.T
            x = 3.4445 * x + (-4.775 * gram + 2.0315 * gram @ gram) @ x
        x = x.T if p.shape[0] > p.shape[1] else x
        return p * (1 - rate * decay) - rate * max(1, p.shape[0] / p.shape[1]) ** 0.5 * x

    def lion(p, state, gradient, rate, betas, decay):
        m = state.get("m", torch.zeros_like(p))
        change = (betas[0] * m + (1 - betas[0]) * gradient).sign()
        state["m"] = betas[1] * m + (1 - betas[1]) * gradient
        return p * (1 - rate * decay) - rate * change

    makers = {
        "sgd": lambda p: torch.optim.SGD([p], lr=0.1),
        "sgd, momentum": lambda p: torch.optim.SGD([p], lr=0.1, momentum=0.9, weight_decay=0.01),
        "sgd, nesterov": lambda p: torch.optim.SGD([p], lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
        "adam": lambda p: torch.optim.Adam([p], lr=0.1, betas=(0.9, 0.99)),
        "adam, L2": lambda p: torch.optim.Adam([p], lr=0.1, betas=(0.9, 0.99), weight_decay=0.1),
        "adamw": lambda p: torch.optim.AdamW([p], lr=0.1, betas=(0.9, 0.99), weight_decay=0.1),
    }
    own = {
        "lion": lambda p, state, g: lion(p, state, g, 0.1, (0.9, 0.99), 0.1),
        "muon, tall": lambda p, state, g: muon(p, state, g, 0.1, 0.95, 0.1),
        "muon, wide": lambda p, state, g: muon(p, state, g, 0.1, 0.95, 0.1),
    }
    cases = []
    for name in [*makers, *own]:
        shape = (3, 5) if name.endswith("wide") else (5, 3)
        p = numbers(1, shape, 2).detach().requires_grad_()
        optimizer, state, after = (makers[name](p) if name in makers else None), {}, []
        for step in range(5):
            gradient = numbers(10 + step, shape).detach()
            if optimizer is None:
                p = own[name](p.detach(), state, gradient)
            else:
                p.grad = gradient
                optimizer.step()
            after.append(plain(p))
        cases.append({"name": name, "after": after})
    one = torch.nn.Parameter(torch.zeros(1))
    schedules = {}
    for name, make in {
        "oneCycle": lambda o: torch.optim.lr_scheduler.OneCycleLR(o, max_lr=0.5, total_steps=40),
        "oneCycle, early": lambda o: torch.optim.lr_scheduler.OneCycleLR(o, 0.5, total_steps=40, pct_start=0.1, div_factor=10, final_div_factor=100),
    }.items():
        optimizer = torch.optim.SGD([one], lr=1)
        schedule, rates = make(optimizer), []
        for _ in range(40):
            rates.append(float(f"{optimizer.param_groups[0]['lr']:.9g}"))
            optimizer.step()
            if len(rates) < 40:
                schedule.step()
        schedules[name] = rates
    save("optimizers", {"cases": cases, "schedules": schedules})


if __name__ == "__main__":
    operations()
    gpt()
    llama()
    optimizers()
