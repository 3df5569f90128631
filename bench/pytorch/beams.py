"""Beam search of Hugging Face transformers: beams.py FOLDER REQUESTS.json; prints the hypotheses of each request, best first."""

import json
import sys

import torch
from transformers import AutoModelForCausalLM

folder, requests = sys.argv[1:]
torch.set_num_threads(1)
model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
found = []
for request in json.load(open(requests)):
    prompt = torch.tensor([request["prompt"]])
    with torch.no_grad():
        output = model.generate(
            prompt,
            attention_mask=torch.ones_like(prompt),
            num_beams=request["beams"],
            num_return_sequences=request["beams"],
            length_penalty=request["lengthPenalty"],
            max_new_tokens=request["maxTokens"],
            do_sample=False,
            early_stopping=False,
            eos_token_id=request["ends"],
            pad_token_id=0,
            return_dict_in_generate=True,
            output_scores=True,
        )
    texts = output.sequences[:, prompt.shape[1] :].tolist()
    found.append([{"ids": ids, "score": score} for ids, score in zip(texts, output.sequences_scores.tolist())])
print(json.dumps(found))
