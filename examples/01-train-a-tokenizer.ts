/** Byte-level BPE, trained here, saved as Hugging Face's tokenizer.json. */
import { textCorpus } from 'weft/data';
import { loadTokenizer, saveTokenizer, trainTokenizer } from 'weft/tokenizers';

const text = 'low low low lower lower newest newest newest newest widest widest '.repeat(20);
const tokenizer = await trainTokenizer(textCorpus([text]), { type: 'bpe', vocabSize: 300 });
await saveTokenizer('tokenizer', tokenizer);

const loaded = await loadTokenizer('tokenizer');
const ids = loaded.encode('the lowest 🦊');
console.log('pieces ', [...ids].map((id) => loaded.decode([id])).join('|'));
console.log('lossless', loaded.decode(ids) === 'the lowest 🦊');
