/** Sliders, numbers and texts that say how a model is to answer. */

import type { JSX, RefObject } from 'preact';
import { useId } from 'preact/hooks';

import { FormControls } from './form-controls.tsx';
import { standardSettings } from './sampling.ts';
import type { Setting, Settings } from './sampling.ts';

interface Props {
  readonly settings: readonly Setting[];
  readonly values: Settings;
  readonly onChange: (values: Settings) => void;
  /** The seed of the last generation. */
  readonly lastSeed: number | undefined;
  /** Why the settings cannot be sent, and whether somebody tried. */
  readonly trouble: string | undefined;
  readonly insisted: boolean;
  readonly schemaField: RefObject<HTMLTextAreaElement | null>;
}

/** The card with all settings. */
export function SamplingControls({ settings, values, onChange, lastSeed, ...form }: Props): JSX.Element {
  const seedId = useId();
  const standard = standardSettings(settings);
  // A schema costs work: it stays, without effect, where the form is another.
  const reset = { ...standard, schema: values.schema };
  const changed = (Object.keys(reset) as (keyof Settings)[]).some((key) => values[key] !== reset[key]);
  const rows = (penalty: boolean): readonly JSX.Element[] =>
    settings
      .filter((setting) => (setting.penalty ?? false) === penalty)
      .map((setting) => (
        <SettingRow
          key={setting.key}
          setting={setting}
          value={values[setting.key]}
          onChange={(value) => onChange({ ...values, [setting.key]: value })}
        />
      ));
  const penalties = settings.filter(({ key, penalty, off }) => penalty === true && values[key] !== off).length;
  return (
    <section class="card controls" aria-label="Sampling">
      <div class="card-head">
        <h2>Sampling</h2>
        <button type="button" class="link" disabled={!changed} onClick={() => onChange(reset)}>
          Reset
        </button>
      </div>
      {rows(false)}
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
      <details class="more">
        <summary>Penalties{penalties > 0 && <span class="more-count">{penalties} set</span>}</summary>
        <div class="more-settings">{rows(true)}</div>
      </details>
      <FormControls values={values} onChange={(part) => onChange({ ...values, ...part })} {...form} />
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
