"""
Adapters that PEFT makes for the model folders of src/formats/model-folder.fixture.ts, and the logits with them: peft-adapters.json.

    python make-peft-vectors.py FOLDER    where FOLDER/gpt2 and FOLDER/llama hold the fixtures' files

huggingface/peft 0.20.1.dev0 (5d602fdbf) with transformers 5.18.0 and PyTorch 2.13.0.
"""

import base64
import json
import sys
import tempfile
from pathlib import Path

import peft
import torch
from peft import LoraConfig, get_peft_model
from transformers import GPT2LMHeadModel, LlamaForCausalLM

IDS = [10, 3, 1, 4, 1, 5]
CASES = {
    "gpt2": (GPT2LMHeadModel, LoraConfig(r=2, lora_alpha=3, target_modules=["c_attn", "attn.c_proj", "c_fc"], fan_in_fan_out=True,
             alpha_pattern={"attn.c_proj": 5}, task_type="CAUSAL_LM")),
    "llama": (LlamaForCausalLM, LoraConfig(r=4, lora_alpha=6, target_modules=["q_proj", "v_proj", "down_proj"], use_rslora=True,
              rank_pattern={"v_proj": 2}, lora_dropout=0.1, task_type="CAUSAL_LM")),
}

cases = []
for name, (model_class, config) in CASES.items():
    torch.manual_seed(1)
    model = get_peft_model(model_class.from_pretrained(Path(sys.argv[1]) / name, dtype=torch.float32), config)
    for parameter_name, parameter in model.named_parameters():
        if "lora_" in parameter_name:
            torch.nn.init.normal_(parameter, std=0.3)
    logits = model.double().eval()(torch.tensor([IDS])).logits[0]
    with tempfile.TemporaryDirectory() as folder:
        model.float().save_pretrained(folder)
        saved = json.loads((Path(folder) / "adapter_config.json").read_text())
        saved["base_model_name_or_path"] = name
        weights = (Path(folder) / "adapter_model.safetensors").read_bytes()
    cases.append({"name": name, "config": saved, "weights": base64.b64encode(weights).decode(), "logits": logits.tolist()})

provenance = f"peft {peft.__version__} (5d602fdbf), PyTorch {torch.__version__}; made by make-peft-vectors.py"
Path(__file__).with_name("peft-adapters.json").write_text(json.dumps({"provenance": provenance, "ids": IDS, "cases": cases}) + "\n")
