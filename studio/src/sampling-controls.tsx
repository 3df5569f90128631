/** Sliders and numbers for sampling. */

import type { JSX } from 'preact';
import { useId } from 'preact/hooks';

import { standardSettings } from './sampling.ts';
import type { Setting, Settings } from './sampling.ts';

interface Props {
  readonly settings: readonly Setting[];
  readonly values: Settings;
  readonly onChange: (values: Settings) => void;
  /** The seed of the last generation. */
  readonly lastSeed: number | undefined;
}

/** The card with all settings. */
export function SamplingControls({ settings, values, onChange, lastSeed }: Props): JSX.Element {
  const seedId = useId();
  const standard = standardSettings(settings);
  const changed = JSON.stringify(values) !== JSON.stringify(standard);
  return (
    <section class="card controls" aria-label="Sampling">
      <div class="card-head">
        <h2>Sampling</h2>
        <button type="button" class="link" disabled={!changed} onClick={() => onChange(standard)}>
          Reset
        </button>
      </div>
      {settings.map((setting) => (
        <SettingRow
          key={setting.key}
          setting={setting}
          value={values[setting.key]}
          onChange={(value) => onChange({ ...values, [setting.key]: value })}
        />
      ))}
      <div class="setting">
        <div class="setting-head">
          <label for={seedId}>Seed</label>
          <input
            id={seedId}
            class="seed"
            type="text"
            inputMode="numeric"
            autocomplete="off"
            placeholder="new each time"
            value={values.seed}
            onInput={(event) => onChange({ ...values, seed: event.currentTarget.value.replace(/[^\d-]/g, '') })}
          />
        </div>
        <p class="hint">
          {values.seed === '' && lastSeed !== undefined ? (
            <>
              last was <span class="number">{lastSeed}</span>{' '}
              <button type="button" class="link" onClick={() => onChange({ ...values, seed: String(lastSeed) })}>
                keep it
              </button>
            </>
          ) : values.seed === '' ? (
            'the same seed gives the same text'
          ) : (
            <>
              the same text every time{' '}
              <button type="button" class="link" onClick={() => onChange({ ...values, seed: '' })}>
                free it
              </button>
            </>
          )}
        </p>
      </div>
    </section>
  );
}

function SettingRow({
  setting,
  value,
  onChange,
}: {
  readonly setting: Setting;
  readonly value: number;
  readonly onChange: (value: number) => void;
}): JSX.Element {
  const id = useId();
  const { label, hint, min, max, step, off } = setting;
  const take = (text: string): void => {
    const number = Number(text);
    if (text !== '' && Number.isFinite(number)) onChange(Math.min(max, Math.max(min, number)));
  };
  return (
    <div class={value === off ? 'setting is-off' : 'setting'}>
      <div class="setting-head">
        <label for={id}>{label}</label>
        <span class="setting-value">
          {value === off && <span class="off">off</span>}
          <input
            id={id}
            type="number"
            min={min}
            max={max}
            step={step}
            value={value}
            onChange={(event) => take(event.currentTarget.value)}
            aria-describedby={`${id}-hint`}
          />
        </span>
      </div>
      <input
        type="range"
        min={min}
        max={max}
        step={step}
        value={value}
        style={{ '--at': `${((value - min) / (max - min)) * 100}%` }}
        onInput={(event) => take(event.currentTarget.value)}
        aria-label={label}
      />
      <p class="hint" id={`${id}-hint`}>
        {hint}
      </p>
    </div>
  );
}
