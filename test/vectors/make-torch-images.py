"""Makes torch-images.json with PyTorch 2.13 (CPU, float64): python make-torch-images.py

Operands as in make-torch-vectors.py: numbers of a formula that test/vectors/torch-vectors.ts has too, rounded to float32.
"""
import json
import os

import torch
import torch.nn.functional as F
from torch import nn

from torch_numbers import operand as numbers, plain

HERE = os.path.dirname(os.path.abspath(__file__))


CASES = []


def case(name, operands, result):
    """Gradients of sum(result * fixed numbers), by each operand."""
    weights = numbers(99, tuple(result.shape)).detach()
    gradients = torch.autograd.grad((result * weights).sum(), list(operands.values())) if operands else []
    CASES.append({"name": name, "result": plain(result), "gradients": {n: plain(g) for n, g in zip(operands, gradients)}})


def convolutions():
    for salt, (name, image, kernel, options) in enumerate([
        ("conv2d, padded", (2, 3, 6, 5), (4, 3, 3, 3), {"padding": 1}),
        ("conv2d, stride, dilation, unequal padding", (2, 2, 7, 8), (3, 2, 2, 3), {"stride": (2, 1), "dilation": (1, 2), "padding": (0, 2)}),
        ("conv2d, groups and stride", (2, 4, 6, 6), (6, 2, 3, 3), {"stride": 2, "padding": 1, "groups": 2}),
        ("conv2d, rows left over", (1, 2, 8, 8), (2, 2, 3, 3), {"stride": 2}),
    ]):
        x, w, b = numbers(20 + salt, image, 2), numbers(30 + salt, kernel), numbers(40 + salt, kernel[:1])
        case(name, {"x": x, "w": w, "b": b}, F.conv2d(x, w, b, **options))
    for salt, (name, image, kernel, options) in enumerate([
        ("convTranspose2d, to twice the size", (2, 3, 4, 3), (3, 2, 4, 4), {"stride": 2, "padding": 1}),
        ("convTranspose2d, outputPadding and dilation", (1, 2, 3, 4), (2, 3, 3, 2), {"stride": (2, 3), "padding": 1, "output_padding": (1, 2), "dilation": 2}),
        ("convTranspose2d, groups", (2, 4, 3, 3), (4, 2, 3, 3), {"groups": 2}),
    ]):
        x, w, b = numbers(50 + salt, image, 2), numbers(60 + salt, kernel), numbers(70 + salt, (kernel[1] * options.get("groups", 1),))
        case(name, {"x": x, "w": w, "b": b}, F.conv_transpose2d(x, w, b, **options))


def pools():
    x = numbers(80, (2, 2, 6, 6), 2)
    ties = torch.tensor([(i * 7) % 3 for i in range(50)], dtype=torch.float64).reshape(1, 2, 5, 5).requires_grad_()
    case("maxPool2d, side by side", {"x": x}, F.max_pool2d(x, 2))
    case("maxPool2d, overlapping, padded", {"x": x}, F.max_pool2d(x, 3, 2, 1))
    case("maxPool2d, side by side, ties", {"x": ties}, F.max_pool2d(ties, 2))
    case("maxPool2d, overlapping, ties", {"x": ties}, F.max_pool2d(ties, 3, 1, 1))
    case("averagePool2d, side by side", {"x": x}, F.avg_pool2d(x, 2))
    case("averagePool2d, overlapping, padded", {"x": x}, F.avg_pool2d(x, 3, 2, 1))


def norms():
    w, b = numbers(2, (4,), 1, 1), numbers(3, (4,))
    for name, shape in (("vectors", (6, 4)), ("images", (3, 4, 2, 3))):
        x = numbers(81, shape, 3)
        case(f"batchNorm of {name}", {"x": x, "w": w, "b": b}, F.batch_norm(x, None, None, w, b, True, 0.1, 1e-5))
        layer = nn.BatchNorm1d(4).double() if len(shape) == 2 else nn.BatchNorm2d(4).double()
        for salt in (82, 83, 84):
            layer(numbers(salt, shape, 3, 1).detach())
        case(f"running statistics of {name} after three batches", {}, torch.cat([layer.running_mean, layer.running_var]))
        layer.eval()
        with torch.no_grad():
            layer.weight.copy_(w)
            layer.bias.copy_(b)
        case(f"batchNorm of {name} by running statistics", {"x": x}, layer(x))
    x = numbers(85, (2, 4, 3, 2), 3)
    case("groupNorm", {"x": x, "w": w, "b": b}, F.group_norm(x, 2, w, b, 1e-5))
    x, t = numbers(86, (40,), 60), numbers(87, (40,), 1, 0.5)
    case("binary cross-entropy", {"x": x, "t": t}, F.binary_cross_entropy_with_logits(x, t, reduction="none"))


def save_model(shapes, build):
    weights = {key: numbers(100 + salt, shape, 0.5, 1.0 if "norm" in key and key.endswith("weight") else 0.0) for salt, (key, shape) in enumerate(shapes)}
    loss, outputs = build(weights)
    gradients = torch.autograd.grad(loss, list(weights.values()))
    return {"loss": loss.item(), "outputs": {k: plain(v) for k, v in outputs.items()}, "gradients": {k: plain(g) for k, g in zip(weights, gradients)}}


def cnn():
    """widths 2 and 3, hidden 5, 4 classes, images 1 x 8 x 8, three of them."""
    shapes = []
    for stage, (inputs, outputs) in enumerate([(1, 2), (2, 3)]):
        shapes += [(f"stages.{stage}.conv.weight", (outputs, inputs, 3, 3)), (f"stages.{stage}.norm.weight", (outputs,)), (f"stages.{stage}.norm.bias", (outputs,))]
    shapes += [("hidden.weight", (5, 12)), ("hidden.bias", (5,)), ("head.weight", (4, 5)), ("head.bias", (4,))]

    def build(w):
        x = numbers(90, (3, 1, 8, 8), 1, 0.5).detach()
        outputs = {}
        for stage in range(2):
            x = F.conv2d(x, w[f"stages.{stage}.conv.weight"], padding=1)
            channels = x.shape[1]
            mean, variance = torch.zeros(channels, dtype=torch.float64), torch.ones(channels, dtype=torch.float64)
            x = F.batch_norm(x, mean, variance, w[f"stages.{stage}.norm.weight"], w[f"stages.{stage}.norm.bias"], True, 0.1, 1e-5)
            outputs |= {f"stages.{stage}.norm.runningMean": mean, f"stages.{stage}.norm.runningVariance": variance}
            x = F.max_pool2d(F.relu(x), 2)
        hidden = F.relu(F.linear(x.flatten(1), w["hidden.weight"], w["hidden.bias"]))
        logits = F.linear(hidden, w["head.weight"], w["head.bias"])
        return F.cross_entropy(logits, torch.tensor([1, 0, 3]), reduction="sum"), {"logits": logits, **outputs}

    return save_model(shapes, build)


def vae():
    """latent 3, hidden 7 and 5, images 1 x 4 x 4, two of them."""
    linear = lambda name, inputs, outputs: [(f"{name}.weight", (outputs, inputs)), (f"{name}.bias", (outputs,))]
    shapes = linear("encoder.layers.0", 16, 7) + linear("encoder.layers.1", 7, 5) + linear("encoder.mean", 5, 3) + linear("encoder.logVariance", 5, 3)
    shapes += linear("decoder.layers.0", 3, 5) + linear("decoder.layers.1", 5, 7) + linear("decoder.pixels", 7, 16)

    def build(w):
        x, noise = numbers(90, (2, 1, 4, 4), 1, 0.5).detach(), numbers(91, (2, 3), 3).detach()
        apply = lambda name, y: F.linear(y, w[name + ".weight"], w[name + ".bias"])
        seen = F.relu(apply("encoder.layers.1", F.relu(apply("encoder.layers.0", x.flatten(1)))))
        mean, log_variance = apply("encoder.mean", seen), apply("encoder.logVariance", seen)
        z = mean + (log_variance / 2).exp() * noise
        pixels = apply("decoder.pixels", F.relu(apply("decoder.layers.1", F.relu(apply("decoder.layers.0", z)))))
        reconstruction = F.binary_cross_entropy_with_logits(pixels, x.flatten(1), reduction="none").sum(1)
        normal = torch.distributions.Normal
        divergence = torch.distributions.kl_divergence(normal(mean, (log_variance / 2).exp()), normal(torch.zeros_like(mean), torch.ones_like(mean))).sum(1)
        return (reconstruction + divergence).sum(), {"reconstruction": reconstruction, "divergence": divergence}

    return save_model(shapes, build)


convolutions()
pools()
norms()
provenance = f"test/vectors/make-torch-images.py, PyTorch {torch.__version__}, float64"
with open(os.path.join(HERE, "torch-images.json"), "w") as file:
    json.dump({"provenance": provenance, "cases": CASES, "cnn": cnn(), "vae": vae()}, file, separators=(",", ":"))
    file.write("\n")
