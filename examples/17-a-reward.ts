/** A reward written as a function: group-relative policy optimisation (GRPO) on what the model itself writes. */
import { grpo, sampleGroups } from 'weft/finetune';
import type { SampledReply } from 'weft/finetune';
import { createTextModel } from 'weft/generate';
import { gpt } from 'weft/models';
import { initialize } from 'weft/nn';
import { trainTokenizer } from 'weft/tokenizers';
import { adamw, train } from 'weft/train';
import type { TrainingRun } from 'weft/train';

const tokenizer = await trainTokenizer(['abcde '], { type: 'characters' });
const model = gpt({ layers: 1, heads: 2, width: 32, contextLength: 12, vocabSize: tokenizer.vocabSize });
const weights = initialize(model.parameters, { seed: 1 });
const chatTemplate = '{% for m in messages %}{{ m.content }}{% endfor %} ';

/** How much of a reply is the letter e. */
const reward = ({ text }: SampledReply): number => [...text].filter((letter) => letter === 'e').length / 4;

const reference = await createTextModel({ model, weights, tokenizer, chatTemplate });
const replies = sampleGroups(
  {
    model,
    weights: () => new Map([...weights, ...run.weights]),
    reference,
    prompts: [...'abcd'].map((content) => [{ role: 'user', content }]),
    reward,
  },
  { prompts: 4, group: 8, contextLength: 8, maxTokens: 4, seed: 1 },
);
const objective = grpo(model, { contextLength: 8, beta: 0 });
const run: TrainingRun = train(objective, replies, { optimizer: adamw({ learningRate: 1e-2 }), steps: 24, weights });
for await (const { index, metrics } of run) if (index % 6 === 0 || index === 23) console.log(index, metrics['reward']?.toFixed(3));
await reference.close();
