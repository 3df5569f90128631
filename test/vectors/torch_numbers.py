"""What the scripts of this folder share: the formula of whole numbers that test/vectors/torch-vectors.ts has too, and tensors as JSON."""
import math

import torch


def numbers(salt, shape, scale=1.0, shift=0.0):
    """Numbers of a formula, rounded to float32, as float64."""
    values = [((i * 7919 + salt * 104729 + i * i * 31) % 2003) / 2003 - 0.5 for i in range(math.prod(shape))]
    data = torch.tensor([v * scale + shift for v in values], dtype=torch.float64)
    return data.float().double().reshape(shape)


def operand(salt, shape, scale=1.0, shift=0.0):
    """The same, to differentiate by."""
    return numbers(salt, shape, scale, shift).requires_grad_()


def plain(tensor, digits=9):
    return {"shape": list(tensor.shape), "data": [float(f"{v:.{digits}g}") for v in tensor.detach().reshape(-1).tolist()]}
