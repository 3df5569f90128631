/** What is in deploy/ fits Kubernetes' schemas, itself, and the server. */

import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { PersistentVolumeClaim } from 'kubernetes-models/v1/PersistentVolumeClaim';
import { Secret } from 'kubernetes-models/v1/Secret';
import { Service } from 'kubernetes-models/v1/Service';
import { globSync } from 'tinyglobby';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';

import { createApp, readKeys, readSettings } from '../src/serve/index.ts';
import type { ServeSettings } from '../src/serve/index.ts';

const root = fileURLToPath(new URL('../deploy/', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const KINDS = { Deployment, HorizontalPodAutoscaler, PodDisruptionBudget, ConfigMap, PersistentVolumeClaim, Secret, Service };

/** The one document of a manifest. */
function manifest(path: string): Readonly<Record<string, unknown>> {
  const documents = parseAllDocuments(read(join('kubernetes', path)), { uniqueKeys: true, strict: true });
  expect(documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([]);
  expect(documents).toHaveLength(1);
  return documents[0]?.toJS() as Readonly<Record<string, unknown>>;
}

/** A value that remembers which of its names were looked at: a validator looks at all that it knows. */
function watched(value: unknown, path: string, seen: Map<string, boolean>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  for (const name of Object.keys(value)) seen.set(`${path}.${name}`, seen.get(`${path}.${name}`) ?? false);
  return new Proxy(value, {
    get(target, name) {
      const inner: unknown = Reflect.get(target, name);
      if (typeof name !== 'string' || !Object.hasOwn(target, name)) return inner;
      seen.set(`${path}.${name}`, true);
      return watched(inner, `${path}.${name}`, seen);
    },
  });
}

interface Pod {
  readonly terminationGracePeriodSeconds: number;
  readonly containers: readonly [
    {
      readonly args: readonly string[];
      readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
      readonly lifecycle: { readonly preStop: { readonly exec: { readonly command: readonly [string, string] } } };
      readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
      readonly [probe: `${string}Probe`]: {
        readonly httpGet: { readonly path: string; readonly port: string };
        readonly timeoutSeconds?: number;
        readonly failureThreshold?: number;
      };
    },
  ];
  readonly volumes: readonly {
    readonly name: string;
    readonly configMap?: { readonly name: string };
    readonly secret?: { readonly secretName: string };
    readonly persistentVolumeClaim?: { readonly claimName: string };
  }[];
}
interface Named {
  readonly metadata: { readonly name: string };
}
interface DeploymentManifest extends Named {
  readonly spec: {
    readonly selector: { readonly matchLabels: object };
    readonly template: { readonly metadata: { readonly labels: object }; readonly spec: Pod };
  };
}
const deployment = manifest('deployment.yaml') as unknown as DeploymentManifest;
const pod = deployment.spec.template.spec;
const [container] = pod.containers;
const settingsMap = manifest('settings.yaml') as unknown as Named & { readonly data: Readonly<Record<string, string>> };

/** The settings as the server in the pod reads them. */
async function settings(): Promise<ServeSettings> {
  const file = join(mkdtempSync(join(tmpdir(), 'weft-deploy-')), 'serve.json');
  writeFileSync(file, settingsMap.data['serve.json'] ?? '');
  return await readSettings(file);
}

const manifests = globSync('**/*.yaml', { cwd: join(root, 'kubernetes') })
  .filter((path) => path !== 'kustomization.yaml')
  .sort();

describe('every manifest', () => {
  test.for(manifests)('%s fits the schema of its kind, and has no name that the schema lacks', (path) => {
    const value = manifest(path);
    const Kind = KINDS[value['kind'] as keyof typeof KINDS];
    expect(value['apiVersion']).toBe(new Kind().apiVersion);
    const seen = new Map<string, boolean>();
    const model = new Kind(value);
    expect(() => model.validate()).not.toThrow();
    // The same once more, watched; labels and what a map holds are anybody's.
    for (const name of Object.keys(value))
      Object.defineProperty(model, name, { value: watched(value[name], `.${name}`, seen), enumerable: true });
    model.validate();
    expect(
      [...seen].filter(([name, known]) => !known && !/^\.[^.]+$|[lL]abels\.|\.data\.|stringData\./.test(name)).map(([name]) => name),
    ).toEqual([]);
  });

  test('a name that the schema lacks would be seen', () => {
    const value = { metadata: { name: 'a' }, spec: { ports: [{ port: 80, prot: 81 }] } };
    const seen = new Map<string, boolean>();
    const model = new Service(value);
    Object.defineProperty(model, 'spec', { value: watched(value.spec, '.spec', seen), enumerable: true });
    model.validate();
    expect([...seen].filter(([, known]) => !known).map(([name]) => name)).toEqual(['.spec.ports.0.prot']);
  });

  test('the list for kubectl apply -k has those that are not examples', () => {
    const { resources } = manifest('kustomization.yaml') as unknown as { readonly resources: readonly string[] };
    expect([...resources].sort()).toEqual(manifests.filter((path) => !path.startsWith('example/')));
  });
});

describe('they fit each other', () => {
  test('selectors find the pods', () => {
    const labels = deployment.spec.template.metadata.labels;
    const service = manifest('service.yaml') as unknown as { readonly spec: { readonly selector: object } };
    const budget = manifest('disruption-budget.yaml') as unknown as {
      readonly spec: { readonly selector: { readonly matchLabels: object } };
    };
    expect([deployment.spec.selector.matchLabels, service.spec.selector, budget.spec.selector.matchLabels]).toEqual([
      labels,
      labels,
      labels,
    ]);
    const autoscaler = manifest('autoscaler.yaml') as unknown as {
      readonly spec: { readonly scaleTargetRef: object; readonly metrics: unknown };
    };
    expect(autoscaler.spec.scaleTargetRef).toEqual({ apiVersion: 'apps/v1', kind: 'Deployment', name: deployment.metadata.name });
  });

  test('ports are one', async () => {
    const service = manifest('service.yaml') as unknown as {
      readonly spec: { readonly ports: readonly { readonly targetPort: string }[] };
    };
    expect(service.spec.ports.map(({ targetPort }) => targetPort)).toEqual(container.ports.map(({ name }) => name));
    expect(container.ports.map(({ containerPort }) => containerPort)).toEqual([(await settings()).port]);
    expect(read('Dockerfile')).toContain('EXPOSE 8080');
    for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe'] as const)
      expect(container[probe]?.httpGet.port).toBe(container.ports[0]?.name);
  });

  test('what is mounted is there, and the settings name what is mounted', async () => {
    const { models = [], keys = '', host } = await settings();
    expect(host).toBe('0.0.0.0');
    expect(pod.volumes.map(({ name }) => name).sort()).toEqual(container.volumeMounts.map(({ name }) => name).sort());
    const mounts = container.volumeMounts.map(({ mountPath }) => `${mountPath}/`);
    for (const path of [keys, container.args.at(-1) ?? '', ...models.map((model) => model.path)])
      expect([path, mounts.some((mount) => path.startsWith(mount))]).toEqual([path, true]);
    expect(pod.volumes.find(({ configMap }) => configMap)?.configMap?.name).toBe(settingsMap.metadata.name);
    expect(pod.volumes.find(({ secret }) => secret)?.secret?.secretName).toBe(
      (manifest('example/keys.yaml') as unknown as Named).metadata.name,
    );
    expect(pod.volumes.find((volume) => volume.persistentVolumeClaim)?.persistentVolumeClaim?.claimName).toBe(
      (manifest('example/models.yaml') as unknown as Named).metadata.name,
    );
  });

  test('a busy server that answers late is neither taken out nor started again', () => {
    for (const probe of ['readinessProbe', 'livenessProbe'] as const) {
      const { timeoutSeconds = 1, failureThreshold = 3 } = container[probe] ?? {};
      expect([probe, timeoutSeconds >= 5, failureThreshold >= 3]).toEqual([probe, true, true]);
    }
  });

  test('there is time for preStop, the grace period and an end', async () => {
    const [, pause] = container.lifecycle.preStop.exec.command;
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(Number(pause) + ((await settings()).graceSeconds ?? NaN) + 10);
  });
});

describe('they fit the server', () => {
  test('the probes’ routes are there, and open to who has no key', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'weft-deploy-'));
    const keys = join(folder, 'keys.json');
    writeFileSync(
      keys,
      (manifest('example/keys.yaml') as unknown as { readonly stringData: Readonly<Record<string, string>> }).stringData['keys.json'] ?? '',
    );
    expect(await readKeys(keys)).toEqual([]);
    const app = await createApp({ keys });
    for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe'] as const)
      expect((await app.inject(container[probe]?.httpGet.path ?? '')).statusCode).toBe(200);
    expect((await app.inject('/v1/models')).statusCode).toBe(401);
    await app.close();
  });

  test('the metric that the autoscaler asks for is counted', async () => {
    const autoscaler = manifest('autoscaler.yaml') as unknown as {
      readonly spec: { readonly metrics: readonly { readonly pods: { readonly metric: { readonly name: string } } }[] };
    };
    const app = await createApp();
    for (const { pods } of autoscaler.spec.metrics)
      expect((await app.inject('/metrics')).body).toContain(`# TYPE ${pods.metric.name} gauge`);
    await app.close();
  });

  test('the image starts the program itself, as a user without rights', () => {
    const lines = read('Dockerfile').split('\n');
    const last = lines.slice(lines.lastIndexOf('FROM node:20-slim'));
    expect(last).toContain('USER node');
    expect(last).toContain('ENTRYPOINT ["node", "dist/cli/main.js"]');
    expect(last).toContain('STOPSIGNAL SIGTERM');
    const manifestOfPackage = JSON.parse(readFileSync(join(root, '../package.json'), 'utf8')) as {
      readonly bin: { readonly weft: string };
    };
    expect(manifestOfPackage.bin.weft).toBe('./dist/cli/main.js');
  });
});
