/** The error function to float64's precision. */

/**
 * erf(x) = 2/√π · e^(-x²) · Σ 2ⁿ·x^(2n+1)/(2n+1)!!, whose terms all have one sign. Abramowitz and Stegun 1964, 7.1.6.
 * Beyond 6 it is ±1 to the last bit.
 */
export function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let [term, sum] = [x, x];
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}
