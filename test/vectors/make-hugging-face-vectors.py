"""Makes hugging-face.json with transformers 5.18 on PyTorch 2.13 (CPU, float64): python make-hugging-face-vectors.py

Weights come from the formula of make-torch-vectors.py (see `numbers`), salted from 100 on in the order of the state dict (tied
weights once). The file holds each model's config.json, the shapes of its weights, and the logits.
"""
from functools import partial
import json
import os

import torch
import transformers as t

from torch_numbers import numbers, plain as with_digits

HERE = os.path.dirname(os.path.abspath(__file__))

plain = partial(with_digits, digits=7)


def filled(model):
    """Fills a model; gives the shapes in the order of the salts."""
    model = model.double().eval()
    shapes, seen = {}, set()
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if tensor.data_ptr() in seen:
                continue
            seen.add(tensor.data_ptr())
            norm = ("norm" in name.lower() or ".ln_" in name) and name.endswith("weight")
            tensor.copy_(numbers(100 + len(shapes), tuple(tensor.shape), 0.6, 1.0 if norm else 0.0))
            shapes[name] = list(tensor.shape)
    return shapes


IDS = torch.tensor([[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [12, 0, 7, 7, 2, 9, 3, 1, 1, 4, 8, 5]])
SIZES = dict(hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, vocab_size=13, max_position_embeddings=32, attn_implementation="eager")
LLAMA3 = {"rope_type": "llama3", "factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 16, "rope_theta": 30.0}
KEEP = {"architectures", "model_type", "tie_word_embeddings", "id2label"}


def config_of(model):
    """What save_pretrained writes into config.json."""
    return {key: value for key, value in json.loads(model.config.to_json_string(use_diff=False)).items() if value is not None}


cases = []


def language(name, config):
    model = t.AutoModelForCausalLM.from_config(config)
    model.config.architectures = [type(model).__name__]
    shapes = filled(model)
    with torch.no_grad():
        cases.append({"name": name, "config": config_of(model), "parameters": shapes, "logits": plain(model(IDS).logits)})


language("GPT-2", t.GPT2Config(n_embd=16, n_layer=2, n_head=4, n_positions=16, vocab_size=13))
language("Llama", t.LlamaConfig(**SIZES))
language("Llama, angles as Llama 3.1's", t.LlamaConfig(**SIZES, rope_parameters=LLAMA3))
language("Llama, angles all slower", t.LlamaConfig(**SIZES, rope_parameters={"rope_type": "linear", "factor": 2.0, "rope_theta": 100.0}))
language("Llama, biases everywhere", t.LlamaConfig(**SIZES, attention_bias=True, mlp_bias=True, head_dim=8))
language("Qwen2", t.Qwen2Config(**SIZES))
language("Qwen2, tied", t.Qwen2Config(**SIZES, tie_word_embeddings=True))
language("Qwen2, windows", t.Qwen2Config(**SIZES, use_sliding_window=True, sliding_window=5, max_window_layers=0))
language("Qwen3", t.Qwen3Config(**SIZES, head_dim=8, tie_word_embeddings=True))
language("Mistral", t.MistralConfig(**SIZES, sliding_window=4, head_dim=8))
language("Mistral, no window", t.MistralConfig(**SIZES, sliding_window=None))

TYPES = torch.tensor([[0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0, 0], [0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1]])
SEEN = torch.tensor([[1] * 10 + [0] * 2, [1] * 12])


def bert(name, kind, read, **options):
    config = t.BertConfig(hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4, vocab_size=13, max_position_embeddings=16, attn_implementation="eager", **options)
    model = kind(config)
    model.config.architectures = [kind.__name__]
    shapes = filled(model)
    with torch.no_grad():
        outputs = read(model(IDS, token_type_ids=TYPES, attention_mask=SEEN))
    cases.append({"name": name, "config": config_of(model), "parameters": shapes, **{key: plain(value) for key, value in outputs.items()}})


bert("BERT", t.BertModel, lambda y: {"hidden": y.last_hidden_state, "pooled": y.pooler_output})
bert("BERT, masked tokens", t.BertForMaskedLM, lambda y: {"logits": y.logits})
bert("BERT, pre-training", t.BertForPreTraining, lambda y: {"logits": y.prediction_logits, "pairs": y.seq_relationship_logits})
bert("BERT, next sentence", t.BertForNextSentencePrediction, lambda y: {"pairs": y.logits})
bert("BERT, three classes", t.BertForSequenceClassification, lambda y: {"classes": y.logits}, num_labels=3)
bert("BERT, answers", t.BertForQuestionAnswering, lambda y: {"spans": torch.stack([y.start_logits, y.end_logits], -1)}, hidden_act="gelu_new")

provenance = f"test/vectors/make-hugging-face-vectors.py, transformers {t.__version__}, PyTorch {torch.__version__}, float64"
with open(os.path.join(HERE, "hugging-face.json"), "w") as file:
    json.dump({"provenance": provenance, "ids": IDS.tolist(), "types": TYPES.tolist(), "seen": SEEN.tolist(), "cases": cases}, file, separators=(",", ":"))
    file.write("\n")
