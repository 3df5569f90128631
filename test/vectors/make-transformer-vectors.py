"""Makes torch-attention.json and torch-transformer.json with PyTorch 2.13 (CPU, float64): python make-transformer-vectors.py

Weights and operands come from the formula of make-torch-vectors.py (see `numbers`): parameters salted from 100 on in the order of
the module's state dict, inputs from 10 on. The files hold results and gradients alone.
"""
import json
import os

import torch
from torch import nn

from torch_numbers import numbers, plain as with_digits

HERE = os.path.dirname(os.path.abspath(__file__))


def plain(tensor, digits=8):
    return with_digits(tensor, digits)


def save(name, content):
    provenance = f"test/vectors/make-transformer-vectors.py, PyTorch {torch.__version__}, float64"
    with open(os.path.join(HERE, f"torch-{name}.json"), "w") as file:
        json.dump({"provenance": provenance, **content}, file, separators=(",", ":"))
        file.write("\n")


def filled(module):
    module = module.double()
    with torch.no_grad():
        for salt, (name, tensor) in enumerate(module.state_dict().items()):
            shift = 1.0 if ("norm" in name and name.endswith("weight")) else 0.0
            tensor.copy_(numbers(100 + salt, tuple(tensor.shape), 0.8, shift))
    return module


def gradients(module, outputs, inputs):
    """Of sum(output * fixed numbers), by inputs and parameters."""
    loss = sum((output * numbers(90 + index, tuple(output.shape))).sum() for index, output in enumerate(outputs))
    parameters = dict(module.named_parameters())
    found = torch.autograd.grad(loss, list(inputs.values()) + list(parameters.values()), allow_unused=True)
    return {name: plain(gradient, 6) for name, gradient in zip(list(inputs) + list(parameters), found) if gradient is not None}


PADDING = torch.tensor([[False, False, False, False, True], [False, False, True, True, True]])


def attention():
    cases = []

    def case(name, options, key_width=8, value_width=8, **given):
        module = filled(nn.MultiheadAttention(8, 2, batch_first=True, **options)).eval()
        q = numbers(10, (2, 3, 8), 2).requires_grad_()
        k = numbers(11, (2, 5, key_width), 2).requires_grad_()
        v = numbers(12, (2, 5, value_width), 2).requires_grad_()
        y, p = module(q, k, v, average_attn_weights=False, **given)
        shapes = {key: list(value.shape) for key, value in module.state_dict().items()}
        cases.append({"name": name, "parameters": shapes, "output": plain(y), "probabilities": plain(p), "gradients": gradients(module, [y], {"q": q, "k": k, "v": v})})

    case("plain", {})
    case("without biases", {"bias": False})
    case("keys and values of other widths", {"kdim": 6, "vdim": 4}, 6, 4)
    case("a mask of padding", {}, key_padding_mask=PADDING)
    forbidden = torch.tensor([[False, True, False, True, False], [False, False, True, True, True], [True, False, False, False, False]])
    case("a mask of truth values and one of padding", {}, attn_mask=forbidden, key_padding_mask=PADDING)
    case("a mask that is added", {}, attn_mask=numbers(13, (3, 5), 4))
    case("a learned key and a key of zeros, a mask of padding", {"add_bias_kv": True, "add_zero_attn": True}, key_padding_mask=PADDING)
    save("attention", {"cases": cases})


def transformer():
    cases = []

    def case(name, options, masks):
        arguments = {"d_model": 8, "nhead": 2, "num_encoder_layers": 2, "num_decoder_layers": 2, "dim_feedforward": 12, "batch_first": True, "dropout": 0.1, **options}
        module = filled(nn.Transformer(**arguments)).eval()
        source, target = numbers(10, (2, 5, 8), 2).requires_grad_(), numbers(11, (2, 4, 8), 2).requires_grad_()
        y = module(source, target, tgt_mask=nn.Transformer.generate_square_subsequent_mask(4, dtype=torch.float64), **masks)
        kept = gradients(module, [y], {"source": source, "target": target})
        shapes = {key: list(value.shape) for key, value in module.state_dict().items()}
        cases.append({"name": name, "arguments": arguments, "masks": sorted(masks), "parameters": shapes, "output": plain(y), "gradients": kept})

    padded = {
        "src_key_padding_mask": PADDING,
        "memory_key_padding_mask": PADDING,
        "tgt_key_padding_mask": torch.tensor([[False, False, False, True], [False, False, False, False]]),
    }
    case("post-norm, relu, padding", {}, padded)
    case("pre-norm, gelu, masks", {"norm_first": True, "activation": "gelu"}, {"src_mask": numbers(12, (5, 5), 3), "memory_mask": torch.tensor([[False, True, False, False, True]] * 4)})
    case("without biases", {"bias": False, "layer_norm_eps": 1e-3, "nhead": 4, "num_encoder_layers": 1, "num_decoder_layers": 1}, {})
    save("transformer", {"cases": cases})


attention()
transformer()
