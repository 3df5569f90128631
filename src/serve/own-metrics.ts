/** What this process counts: engines, and the process itself, are looked at when somebody asks. */

import type { TextModel } from '../generate/index.ts';
import { createServingMetrics, watchProcess } from '../monitor/index.ts';
import type { MetricValues, ServingMetrics } from '../monitor/index.ts';

/** See {@link ownMetrics}. */
export interface OwnMetrics extends Omit<ServingMetrics, 'values'> {
  /** The values as plain data; a scrape begins the next interval of what is measured between two. */
  values(asked: { readonly scrape: boolean }): Promise<MetricValues>;
  close(): void;
}

/** The counters of a process that serves `models`. */
export function ownMetrics(models: () => readonly TextModel[]): OwnMetrics {
  const counted = createServingMetrics();
  const watch = watchProcess();
  const look = (scrape: boolean): void => {
    for (const { name, status } of models()) if (status !== undefined) counted.engine(name, status());
    counted.process(watch.look({ restart: scrape }));
  };
  return {
    ...counted,
    text() {
      look(true);
      return counted.text();
    },
    values({ scrape }) {
      look(scrape);
      return counted.values();
    },
    close: () => watch.close(),
  };
}
