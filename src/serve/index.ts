export { createApp } from './app.ts';
export type { AppOptions } from './app.ts';
export { recordUsage } from './accounting.ts';
export type { RequestUsage } from './accounting.ts';
export { clientOf } from './client.ts';
export type { Client } from './client.ts';
export type { KeyRecord, KeyRights, Scope } from './key-records.ts';
export { addKey, readKeys, revokeKey } from './keys-file.ts';
export type { AdapterSource, ModelSource } from './model-sources.ts';
export type {
  PageAlternative,
  PageAttention,
  PageCard,
  PageEngine,
  PageEngineModel,
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
export type { LogLevel, LogStream } from './request-log.ts';
export { serve, studio } from './serve.ts';
export type { RunningServer, ServeOptions, ServeTarget } from './serve.ts';
export { serveWorkers } from './serve-workers.ts';
export type { RunningWorkers, WorkerRestart, WorkersOptions } from './serve-workers.ts';
export { readSettings } from './settings-file.ts';
export type { ServeSettings } from './settings-file.ts';
export type { TlsFiles } from './tls-files.ts';
