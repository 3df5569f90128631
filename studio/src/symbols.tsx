/** Words as rows of symbols. */

import type { JSX } from 'preact';

import { shown } from './explained.ts';

/** One word; `fresh` is the symbol that was just made. */
export function Symbols({ symbols, fresh }: { readonly symbols: readonly string[]; readonly fresh?: string | undefined }): JSX.Element {
  return (
    <span class="symbols" role="img" aria-label={symbols.map(shown).join(' ')}>
      {symbols.map((symbol, index) => (
        <span key={index} class={symbol === fresh ? 'symbol is-fresh' : 'symbol'}>
          {shown(symbol)}
        </span>
      ))}
    </span>
  );
}

/** A line of a list of bars. */
export interface BarRow {
  readonly key: string;
  readonly name: string;
  /** 0 … 1. */
  readonly share: number;
  readonly numbers: readonly string[];
  readonly kind?: 'best' | 'gone' | undefined;
  readonly note?: string;
}

/** Named bars with numbers behind them. */
export function Bars({ head, rows }: { readonly head: readonly string[]; readonly rows: readonly BarRow[] }): JSX.Element {
  return (
    <div class="scroll bars-scroll">
      <table class="bars">
        <thead>
          <tr>
            {head.map((name, index) => (
              <th key={name} scope="col" class={index === 0 ? 'bars-name' : undefined} colSpan={index === 0 ? 2 : 1}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, name, share, numbers, kind, note }) => (
            <tr key={key} class={kind === undefined ? undefined : `is-${kind}`}>
              <th scope="row" class="bars-name">
                <span class="symbol">{name}</span>
                {note !== undefined && <span class="bars-note">{note}</span>}
              </th>
              <td class="bars-bar" aria-hidden="true">
                <span style={{ '--share': `${(100 * share).toFixed(1)}%` }} />
              </td>
              {numbers.map((number, index) => (
                <td key={index}>{number}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
