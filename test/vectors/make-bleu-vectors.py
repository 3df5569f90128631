"""Makes bleu.json with sacrebleu 2.6: python make-bleu-vectors.py"""
import json
import os

import sacrebleu
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

HERE = os.path.dirname(os.path.abspath(__file__))
TEXTS = [
    "A plain sentence.", "Two, three; 4,5 and 6.7: \"eight\" (nine)!", "x-y 3-4 -5 a-3", "&quot;R&amp;D&quot; &lt;b&gt;", "tail.", ".5 and 5.", "1.2.3,4.",
    "Größe: 3,50 € – „schön“", "a\tb\u00a0c\u2009d\u3000e\u0085f\u001cg", "😀,😀.5", "word-\nbreak and\nline", "<skipped>gone", "", "   ", "don't it's", "a/b\\c^d_e`f{g|h}i~j", "100%-ig, z.B. #1 @x *y* $5+6=11?",
]
CORPORA = [
    (["The cat sat on the mat."], [["The cat sat on a mat."]]),
    (["the the the the the the the."], [["The cat is on the mat."]]),
    (["Ein Mann fährt Rad.", "Zwei Hunde spielen im Schnee ."], [["Ein Mann fährt mit dem Rad.", "Zwei Hunde spielen draußen im Schnee."]]),
    (["short"], [["a much longer reference than this"]]),
    (["nothing in common here at all"], [["quite another sentence with different words"]]),
    (["It is a guide to action which ensures that the military always obeys the commands of the party."], [["It is a guide to action that ensures that the military will forever heed Party commands."], ["It is the guiding principle which guarantees the military forces always being under the command of the Party."], ["It is the practical guide for the army always to heed the directions of the party."]]),
    (["a b c", "d"], [["a b c", "d"]]),
    (["", "a b c d e"], [["x", "a b c d e"]]),
]
cases = []
for translations, references in CORPORA:
    for lowercase in (False, True):
        score = sacrebleu.corpus_bleu(translations, references, lowercase=lowercase)
        cases.append({"translations": translations, "references": [list(each) for each in zip(*references)], "lowercase": lowercase, "score": score.score, "precisions": score.precisions, "brevityPenalty": score.bp, "length": score.sys_len, "referenceLength": score.ref_len})
tokens = [{"text": text, "tokens": Tokenizer13a()(text).split()} for text in TEXTS]
with open(os.path.join(HERE, "bleu.json"), "w") as file:
    json.dump({"provenance": f"test/vectors/make-bleu-vectors.py, sacrebleu {sacrebleu.__version__}", "tokens": tokens, "cases": cases}, file, separators=(",", ":"))
    file.write("\n")
