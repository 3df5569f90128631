"""The GPT that PyTorch trains in these benchmarks: nanoGPT's shape, as fast as eager PyTorch goes (fused attention and AdamW).

No biases, erf-GELU, tied head, learned positions; names as in nanoGPT's state dict, so that its weights load.
"""

import argparse
import math
import resource

import torch
from torch import nn
from torch.nn import functional as F


class Attention(nn.Module):
    def __init__(self, heads: int, width: int):
        super().__init__()
        self.heads = heads
        self.c_attn = nn.Linear(width, 3 * width, bias=False)
        self.c_proj = nn.Linear(width, width, bias=False)

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = (part.view(B, T, self.heads, -1).transpose(1, 2) for part in self.c_attn(x).split(C, dim=2))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.c_proj(y.transpose(1, 2).contiguous().view(B, T, C))


class FeedForward(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.c_fc = nn.Linear(width, 4 * width, bias=False)
        self.c_proj = nn.Linear(4 * width, width, bias=False)

    def forward(self, x):
        return self.c_proj(F.gelu(self.c_fc(x)))


class Block(nn.Module):
    def __init__(self, heads: int, width: int):
        super().__init__()
        self.ln_1 = nn.LayerNorm(width, bias=False)
        self.attn = Attention(heads, width)
        self.ln_2 = nn.LayerNorm(width, bias=False)
        self.mlp = FeedForward(width)

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class GPT(nn.Module):
    def __init__(self, layers: int, heads: int, width: int, context: int, vocab: int):
        super().__init__()
        self.transformer = nn.ModuleDict(
            dict(
                wte=nn.Embedding(vocab, width),
                wpe=nn.Embedding(context, width),
                h=nn.ModuleList(Block(heads, width) for _ in range(layers)),
                ln_f=nn.LayerNorm(width, bias=False),
            )
        )
        for name, parameter in self.named_parameters():
            if parameter.dim() < 2:
                continue
            std = 0.02 / math.sqrt(2 * layers) if name.endswith("c_proj.weight") else 0.02
            nn.init.normal_(parameter, std=std)

    def forward(self, ids, targets):
        t = self.transformer
        x = t.wte(ids) + t.wpe.weight[: ids.size(1)]
        for block in t.h:
            x = block(x)
        logits = F.linear(t.ln_f(x), t.wte.weight)
        return F.cross_entropy(logits.view(-1, logits.size(-1)), targets.reshape(-1))


def optimizer(model: nn.Module, learning_rate: float) -> torch.optim.Optimizer:
    """AdamW as nanoGPT sets it: decay on tensors of two or more axes; fused."""
    parameters = list(model.parameters())
    groups = [
        {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": 0.1},
        {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=learning_rate, betas=(0.9, 0.99), eps=1e-8, fused=True)


def arguments(description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--compile", action="store_true", help="torch.compile the model; needs a C++ compiler")
    return parser


def prepare(model: nn.Module, options: argparse.Namespace):
    torch.set_num_threads(options.threads)
    return torch.compile(model) if options.compile else model


def facts(options: argparse.Namespace) -> dict:
    """What belongs in every result beside its own numbers."""
    return {
        "torch": torch.__version__,
        "threads": options.threads,
        "compiled": options.compile,
        "peakResidentBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
