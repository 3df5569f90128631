/** Where a reply stops, and whether it is to be JSON. */

import type { JSX, RefObject } from 'preact';
import { useId } from 'preact/hooks';

import { Segments } from './chart-controls.tsx';
import { EXAMPLE_SCHEMA } from './reply-form.ts';
import type { FormSettings } from './reply-form.ts';

interface Props {
  readonly values: FormSettings;
  readonly onChange: (values: Partial<FormSettings>) => void;
  readonly trouble: string | undefined;
  readonly insisted: boolean;
  readonly schemaField: RefObject<HTMLTextAreaElement | null>;
}

const FORMS = [
  ['text', 'Any text'],
  ['json', 'JSON'],
  ['schema', 'JSON schema'],
] as const;

/** A field for the stops, a choice of form, and a field for the schema where one is wanted. */
export function FormControls({ values: { stop, form, schema }, onChange, trouble, insisted, schemaField }: Props): JSX.Element {
  const id = useId();
  const told = trouble !== undefined && (insisted || schema.trim() !== '');
  return (
    <>
      <div class="setting">
        <label for={`${id}-stop`}>Stop at</label>
        <textarea
          id={`${id}-stop`}
          class="setting-text"
          rows={1}
          spellcheck={false}
          autocomplete="off"
          value={stop}
          onInput={(event) => onChange({ stop: event.currentTarget.value })}
          aria-describedby={`${id}-stop-hint`}
        />
        <p class="hint" id={`${id}-stop-hint`}>
          texts that end the reply, one a line; \n is a line’s end
        </p>
      </div>
      <div class="setting">
        <p class="setting-name" id={`${id}-form`}>
          Form of the reply
        </p>
        <Segments
          name={`${id}-form`}
          label="Form of the reply"
          options={FORMS}
          value={form}
          onChange={(value) => onChange({ form: value })}
        />
        {form === 'schema' && (
          <>
            <div class="setting-head schema-head">
              <label for={`${id}-schema`}>Schema</label>
              {schema.trim() === '' && (
                <button type="button" class="link" onClick={() => onChange({ schema: EXAMPLE_SCHEMA })}>
                  Example
                </button>
              )}
            </div>
            <textarea
              id={`${id}-schema`}
              ref={schemaField}
              class="setting-text schema"
              rows={6}
              spellcheck={false}
              autocomplete="off"
              value={schema}
              onInput={(event) => onChange({ schema: event.currentTarget.value })}
              aria-invalid={told}
              aria-describedby={`${id}-schema-hint`}
            />
            <p class={told ? 'hint is-wrong' : 'hint'} id={`${id}-schema-hint`}>
              {told ? trouble : 'The reply keeps to it, whatever the model would rather say.'}
            </p>
          </>
        )}
      </div>
    </>
  );
}
