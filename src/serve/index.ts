export { createApp } from './app.ts';
export type { AppOptions } from './app.ts';
export type {
  PageAlternative,
  PageAttention,
  PageCard,
  PageEvent,
  PageExplanation,
  PageList,
  PageMetrics,
  PageModel,
  PagePictures,
  PageRun,
  PageToken,
} from './page-api.ts';
export type { ErrorBody } from './request-error.ts';
export { serve, studio } from './serve.ts';
export type { RunningServer, ServeOptions } from './serve.ts';
