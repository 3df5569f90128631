/** Every error of Weft says what was attempted, the rule, the value and the remedy, and has a stable code. */
import { WeftError, hostTensor } from 'weft';

try {
  hostTensor('float32', [2, 3], new Float32Array(5));
} catch (error) {
  if (!(error instanceof WeftError)) throw error;
  console.log(`${error.code}: ${error.message}`);
  console.log(`What to do: ${error.remedy}`);
}
