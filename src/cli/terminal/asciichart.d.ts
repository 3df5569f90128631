/** The part of asciichart 1.5 that is used here; the package has no types of its own. */
declare module 'asciichart' {
  interface PlotOptions {
    readonly height?: number;
    readonly offset?: number;
    readonly padding?: string;
    readonly min?: number;
    readonly max?: number;
    readonly colors?: readonly (string | undefined)[];
    readonly format?: (value: number) => string;
  }
  const asciichart: { plot(series: readonly number[] | readonly (readonly number[])[], options?: PlotOptions): string };
  export default asciichart;
}
