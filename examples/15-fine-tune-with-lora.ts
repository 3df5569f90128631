/** A small model learns to answer by an adapter alone; the adapter is saved as PEFT has it, and merged. */
import { textCorpus, pack } from 'weft/data';
import { DEFAULT_CHAT_TEMPLATE, lora, packChats, startAdapter, supervised } from 'weft/finetune';
import { loadAdapter, mergeAdapter, saveAdapter } from 'weft/formats';
import { createTextModel } from 'weft/generate';
import { llama, withAdapters } from 'weft/models';
import { chatReplies, chatTokens, trainTokenizer } from 'weft/tokenizers';
import { adamw, train } from 'weft/train';

const colours = ['red', 'green', 'blue', 'white', 'black'];
const text = (index: number) => `user:\n${colours[index % 5]}\nassistant:\n${colours[(index * index) % 5]}`;
const corpus = textCorpus(Array.from({ length: 400 }, (_, index) => text(index * 7 + (index % 3))));
const tokenizer = await trainTokenizer(corpus, { type: 'bpe', vocabSize: 300 });
const base = llama({ layers: 2, heads: 2, width: 64, contextLength: 32, vocabSize: tokenizer.vocabSize });
const pretraining = train(base, await pack(corpus, tokenizer, { batchSize: 8, contextLength: 32, seed: 1 }), {
  optimizer: adamw({ learningRate: 3e-3 }),
  steps: 80,
});
for await (const step of pretraining) if (step.index === 79) console.log('base', step.loss.toFixed(2));
const adapter = lora(base, { name: 'next-colour', rank: 16, alpha: 32 });
const chats = colours.map((colour, index) => [
  { role: 'user', content: colour },
  { role: 'assistant', content: colours[(index + 1) % colours.length] ?? '' },
]);
const examples = (await Promise.all(chats.map((chat) => chatReplies({ tokenizer, chatTemplate: DEFAULT_CHAT_TEMPLATE }, chat)))).flat();
const weights = new Map([...pretraining.weights, ...startAdapter(base, adapter, { seed: 1 })]);
const batches = packChats(examples, { batchSize: 2, contextLength: 32, seed: 1 });
const run = train(supervised(withAdapters(base, [adapter]), { contextLength: 32 }), batches, {
  optimizer: adamw({ learningRate: 5e-3 }),
  steps: 60,
  weights,
});
for await (const step of run) if (step.index % 20 === 19) console.log(step.index + 1, step.loss.toFixed(3));

await saveAdapter('next-colour', { model: base, definition: adapter, weights: run.weights, baseWeights: pretraining.weights });
const merged = mergeAdapter(pretraining.weights, await loadAdapter('next-colour', { model: base, baseWeights: pretraining.weights }));
const chat = await createTextModel({ model: base, weights: merged, tokenizer, chatTemplate: DEFAULT_CHAT_TEMPLATE });
for await (const { text } of chat.generate(await chatTokens(chat, [{ role: 'user', content: 'green' }]), { temperature: 0 }))
  console.log(text);
await chat.close();
