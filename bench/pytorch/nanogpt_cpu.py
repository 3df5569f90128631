"""nanoGPT's CPU configuration: the same initial weights, batches and schedule as the reference run. Prints one JSON line.

Arguments: the folder with init.safetensors, offsets-2000.safetensors and expected.json, and the text. --steps cuts the
run short, for a comparison of time alone.
"""

import json
import math
import time
from pathlib import Path

import torch
from safetensors.torch import load_file

from gpt import GPT, arguments, facts, optimizer, prepare

parser = arguments(__doc__)
parser.add_argument("parity", type=Path)
parser.add_argument("text", type=Path)
parser.add_argument("--steps", type=int, default=2000)
options = parser.parse_args()

config = json.loads((options.parity / "expected.json").read_text())["config"]
context, batch = config["context"], config["batch"]
model = GPT(config["layers"], config["heads"], config["width"], context, config["vocab"])
model.load_state_dict(load_file(options.parity / "init.safetensors"))
offsets = load_file(options.parity / "offsets-2000.safetensors")["offsets"].long()
text = options.text.read_text()
ids = {character: id for id, character in enumerate(sorted(set(text)))}
data = torch.tensor([ids[character] for character in text])
split = int(0.9 * len(data))
train, held_out = data[:split], data[split:]


def learning_rate(step: int) -> float:
    if step < 100:
        return 1e-3 * (step + 1) / 101
    return 1e-4 + 0.5 * (1 + math.cos(math.pi * (step - 100) / 1900)) * 9e-4


trained = prepare(model, options)
update = optimizer(model, 1e-3)
window = torch.arange(context)
losses = {}
start = time.perf_counter()
for step in range(options.steps):
    for group in update.param_groups:
        group["lr"] = learning_rate(step)
    at = offsets[step][:, None] + window
    loss = trained(train[at], train[at + 1])
    update.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    update.step()
    if step % 250 == 0:
        losses[step] = loss.item()
wall = time.perf_counter() - start

# Disjoint windows in batches of the training's size, the incomplete last batch left out; the mean of the batches' means.
with torch.no_grad():
    starts = torch.arange(0, len(held_out) - context, context)
    starts = starts[: len(starts) // batch * batch].view(-1, batch)
    means = [model(held_out[row[:, None] + window], held_out[row[:, None] + window + 1]).item() for row in starts]

result = {
    "steps": options.steps,
    "seconds": wall,
    "secondsPerStep": wall / options.steps,
    "validationLoss": sum(means) / len(means),
    "trainLossAt": losses,
}
print(json.dumps({**result, **facts(options)}))
