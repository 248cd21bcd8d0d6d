import { execFile } from 'node:child_process'
import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Deployment, StatefulSet } from 'kubernetes-types/apps/v1.js'
import type { HorizontalPodAutoscaler } from 'kubernetes-types/autoscaling/v2.js'
import type {
  ConfigMap, Container, ContainerPort, Namespace, PodSpec, Secret, Service
} from 'kubernetes-types/core/v1.js'
import type { LabelSelector } from 'kubernetes-types/meta/v1.js'
import type { NetworkPolicy } from 'kubernetes-types/networking/v1.js'
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.js'
import { parseAllDocuments } from 'yaml'

/** The kinds of objects in infra/kubernetes. */
export interface Kinds {
  ConfigMap: ConfigMap
  Deployment: Deployment
  HorizontalPodAutoscaler: HorizontalPodAutoscaler
  Namespace: Namespace
  NetworkPolicy: NetworkPolicy
  PodDisruptionBudget: PodDisruptionBudget
  Secret: Secret
  Service: Service
  StatefulSet: StatefulSet
}
export type Manifest = Kinds[keyof Kinds]

/** The pods of a Deployment or a StatefulSet. */
export interface Workload {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly selector: LabelSelector
  readonly spec: PodSpec
  /** Undefined if an autoscaler decides. */
  readonly replicas: number | undefined
}

const INFRA = fileURLToPath(new URL('../../../', import.meta.url))

/** Secrets of the overlay `local`, which are not in the repository. */
const SECRETS = {
  'secrets.env': 'REDIS_URL=redis://redis:6379\nJWT_SECRET=a-secret-of-the-tests-long-enough-for-it\n',
  'databases.env': [
    'password=weir',
    'catalog=postgres://weir:weir@postgres:5432/catalog',
    'storefront=postgres://weir:weir@postgres:5432/storefront\n'
  ].join('\n')
}

/** Returns the objects of an overlay as YAML, built by kustomize in a copy in this folder. */
export async function build (overlay: string, folder: string): Promise<string> {
  for (const part of ['kubernetes', 'nginx']) {
    await cp(join(INFRA, part), join(folder, part), { recursive: true })
  }
  const path = join(folder, 'kubernetes/overlays', overlay)
  if (overlay === 'local') {
    for (const [name, text] of Object.entries(SECRETS)) await writeFile(join(path, name), text)
  }
  return (await promisify(execFile)('kubectl', ['kustomize', path])).stdout
}

/** Reads objects; a kind that is not in {@link Kinds} is an error. */
export function read (text: string): Manifest[] {
  return parseAllDocuments(text).map((document) => {
    const value: unknown = document.toJS()
    if (isManifest(value)) return value
    throw new Error(`a kind of object that the tests do not know:\n${document.toString()}`)
  })
}

const KINDS: Readonly<Record<keyof Kinds, true>> = {
  ConfigMap: true,
  Deployment: true,
  HorizontalPodAutoscaler: true,
  Namespace: true,
  NetworkPolicy: true,
  PodDisruptionBudget: true,
  Secret: true,
  Service: true,
  StatefulSet: true
}

/** Fields are checked by schema.ts. */
const isManifest = (value: unknown): value is Manifest =>
  typeof value === 'object' &&
  value !== null &&
  'kind' in value &&
  typeof value.kind === 'string' &&
  Object.hasOwn(KINDS, value.kind)

export const ofKind = <K extends keyof Kinds>(objects: readonly Manifest[], kind: K): Kinds[K][] =>
  objects.filter((object): object is Kinds[K] => object.kind === kind)

export const nameOf = (object: Manifest): string => object.metadata?.name ?? ''

export const workloadsOf = (objects: readonly Manifest[]): Workload[] =>
  [...ofKind(objects, 'Deployment'), ...ofKind(objects, 'StatefulSet')].flatMap((object) => {
    const { spec } = object
    if (spec?.template.spec === undefined) return []
    return [{
      name: nameOf(object),
      labels: spec.template.metadata?.labels ?? {},
      selector: spec.selector,
      spec: spec.template.spec,
      replicas: spec.replicas
    }]
  })

/** Whether labels match a selector. An empty one matches all. */
export function selects (
  { matchLabels = {}, matchExpressions = [] }: LabelSelector,
  labels: Readonly<Record<string, string>>
): boolean {
  if (matchExpressions.length > 0) throw new Error('matchExpressions: not known to the tests')
  return Object.entries(matchLabels).every(([name, value]) => labels[name] === value)
}

/** The port of a container with this number or name. */
export const portOf = (
  containers: readonly Container[], port: string | number
): ContainerPort | undefined =>
  containers
    .flatMap(({ ports = [] }) => ports)
    .find(({ name, containerPort }) => name === port || containerPort === port)
