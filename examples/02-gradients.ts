/** Symbolic tensors: gradients are a graph too, and the graph becomes one standard ONNX model. */
import { hostTensor } from 'weft';
import { gradients } from 'weft/autodiff';
import { axes, buildGraph, input, matmul, multiply, sum, tanh } from 'weft/graph';
import { lowerGraph } from 'weft/onnx';
import { compileGraph } from 'weft/runtime';

const x = input('x', 'float32', axes('B C', 2, 3));
const w = input('w', 'float32', axes('C C', 3, 3));
const y = tanh(matmul(x, w)); // B C
const loss = sum(multiply(y, y));
const [dw] = gradients(loss, [w]);
if (dw === undefined) throw new Error('one gradient was asked for');

const graph = buildGraph({ loss, dw });
console.log(
  'ONNX operators:',
  lowerGraph(graph)
    .graph.nodes.map((node) => node.opType)
    .join(' '),
);
const session = await compileGraph(graph);
const results = await session.run({
  x: hostTensor('float32', [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6)),
  w: hostTensor('float32', [3, 3], Float32Array.of(0.1, 0, 0, 0, 0.1, 0, 0, 0, 0.1)),
});
console.log('loss', results['loss']?.data[0]);
console.log('dloss/dw', results['dw']?.data);
session.close();
