"""Time of one training step of a GPT: forward, backward, clip to norm 1, AdamW. Prints one JSON line.

The default is the 10.7M-parameter shape of nanoGPT's GPU configuration at batch 8.
"""

import json
import statistics
import time

import torch

from gpt import GPT, arguments, facts, optimizer, prepare

parser = arguments(__doc__)
for name, value in {"layers": 6, "heads": 6, "width": 384, "context": 256, "batch": 8, "vocab": 65, "steps": 10, "warmup": 3}.items():
    parser.add_argument(f"--{name}", type=int, default=value)
options = parser.parse_args()

torch.manual_seed(1)
model = GPT(options.layers, options.heads, options.width, options.context, options.vocab)
trained = prepare(model, options)
update = optimizer(model, 1e-3)
seconds = []
loss = torch.zeros(())
for step in range(options.warmup + options.steps):
    ids = torch.randint(options.vocab, (options.batch, options.context + 1))
    start = time.perf_counter()
    loss = trained(ids[:, :-1], ids[:, 1:])
    update.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    update.step()
    value = loss.item()
    seconds.append(time.perf_counter() - start)

measured = seconds[options.warmup :]
result = {
    "parameters": sum(p.numel() for p in model.parameters()),
    "medianSeconds": statistics.median(measured),
    "minSeconds": min(measured),
    "steps": options.steps,
    "tokensPerSecond": options.batch * options.context / statistics.median(measured),
    "loss": value,
}
print(json.dumps({**result, **facts(options)}))
