import type { Container, EnvVar } from 'kubernetes-types/core/v1.js'
import {
  type Manifest, nameOf, ofKind, portOf, selects, type Workload, workloadsOf
} from './manifests.js'

/** Facts about the programs that the rules compare the objects with. */
export interface Facts {
  /** The variables that a service reads, by the name of its workload. */
  readonly variables: Readonly<Record<string, readonly string[]>>
  /** Secrets that are made outside of the repository. */
  readonly secrets: readonly string[]
  /** Metrics that the adapter provides. */
  readonly metrics: readonly string[]
}

/** Milliseconds in which a service closes after DRAIN_MS: see plugins/service/start.ts. */
const CLOSES_WITHIN = 1400

type Rule = (objects: readonly Manifest[], facts: Facts) => string[]

/** Returns the problems of objects that are right by themselves, but not together. */
export const problemsOf: Rule = (objects, facts) =>
  [selectors, ports, references, environment, ends, budgets, contained, images, metrics]
    .flatMap((rule) => rule(objects, facts))

const each = (
  objects: readonly Manifest[], problems: (workload: Workload) => string[]
): string[] =>
  workloadsOf(objects).flatMap((workload) =>
    problems(workload).map((problem) => `${workload.name}: ${problem}`))

const containersOf = ({ initContainers = [], containers }: Workload['spec']): Container[] =>
  [...initContainers, ...containers]

const selectors: Rule = (objects) => {
  const workloads = workloadsOf(objects)
  const isFound = (labels: Record<string, string> | undefined) =>
    workloads.some((workload) => selects({ matchLabels: labels ?? {} }, workload.labels))
  const missing = (kind: string, name: string) => `${kind} ${name} selects no pod`
  return [
    ...workloads
      .filter(({ selector, labels }) => !selects(selector, labels))
      .map(({ name }) => missing('workload', name)),
    ...ofKind(objects, 'Service')
      .filter(({ spec }) => !isFound(spec?.selector))
      .map((object) => missing('Service', nameOf(object))),
    ...ofKind(objects, 'PodDisruptionBudget')
      .filter(({ spec }) => !isFound(spec?.selector?.matchLabels))
      .map((object) => missing('PodDisruptionBudget', nameOf(object))),
    ...ofKind(objects, 'NetworkPolicy')
      .filter(({ spec }) => !isFound(spec?.podSelector.matchLabels))
      .map((object) => missing('NetworkPolicy', nameOf(object))),
    ...ofKind(objects, 'HorizontalPodAutoscaler').flatMap(({ spec }) => {
      const scaled = workloads.find(({ name }) => name === spec?.scaleTargetRef.name)
      if (scaled === undefined) return [missing('autoscaler of', spec?.scaleTargetRef.name ?? '')]
      return scaled.replicas === undefined
        ? []
        : [`${scaled.name}: replicas and an autoscaler overwrite each other`]
    })
  ]
}

const ports: Rule = (objects) => [
  ...ofKind(objects, 'Service').flatMap((service) =>
    workloadsOf(objects)
      .filter(({ labels }) => selects({ matchLabels: service.spec?.selector ?? {} }, labels))
      .flatMap(({ spec }) => (service.spec?.ports ?? [])
        .filter(({ port, targetPort }) => portOf(spec.containers, targetPort ?? port) === undefined)
        .map(({ port }) => `Service ${nameOf(service)}: port ${port} leads to no named port`))),
  ...each(objects, ({ spec }) => spec.containers.flatMap((container) => {
    const { startupProbe, livenessProbe, readinessProbe } = container
    return [
      ...readinessProbe === undefined ? ['no readinessProbe'] : [],
      ...[startupProbe, livenessProbe, readinessProbe]
        .flatMap((probe) => probe?.httpGet?.port ?? probe?.tcpSocket?.port ?? [])
        .filter((port) => portOf([container], port) === undefined)
        .map((port) => `a probe's port ${port} does not exist`)
    ]
  }))
]

const references: Rule = (objects, { secrets }) => {
  const exist = (kind: 'ConfigMap' | 'Secret' | 'Service') =>
    ofKind(objects, kind).map(nameOf)
  const known = { secret: [...exist('Secret'), ...secrets], configMap: exist('ConfigMap') }
  return each(objects, ({ spec }) => [
    ...containersOf(spec).flatMap(({ env = [], envFrom = [] }) => [
      ...envFrom.flatMap(({ secretRef, configMapRef }) => [
        ...missing(known.secret, secretRef?.name), ...missing(known.configMap, configMapRef?.name)
      ]),
      ...env.flatMap(({ valueFrom }) => missing(known.secret, valueFrom?.secretKeyRef?.name))
    ]),
    ...(spec.volumes ?? []).flatMap(({ configMap, projected }) => [
      configMap?.name, ...(projected?.sources ?? []).map((source) => source.configMap?.name)
    ]).flatMap((name) => missing(known.configMap, name))
  ])
}

const missing = (known: readonly string[], name: string | undefined): string[] =>
  name === undefined || known.includes(name) ? [] : [`${name} does not exist`]

/** Variables from ConfigMaps, then the container's own. */
function variablesOf (
  objects: readonly Manifest[], { env = [], envFrom = [] }: Container
): EnvVar[] {
  const maps = envFrom.map(({ configMapRef }) => configMapRef?.name)
  return [
    ...ofKind(objects, 'ConfigMap')
      .filter((map) => maps.includes(nameOf(map)))
      .flatMap(({ data = {} }) => Object.entries(data).map(([name, value]) => ({ name, value }))),
    ...env
  ]
}

const environment: Rule = (objects, { variables }) => each(objects, ({ name, spec }) => {
  const known = variables[name]
  if (known === undefined) return []
  const headless = ofKind(objects, 'Service')
    .filter(({ spec }) => spec?.clusterIP === 'None')
    .map(nameOf)
  return spec.containers.flatMap((container) => {
    const all = variablesOf(objects, container)
    const used = all.map(({ value = '' }) => [...value.matchAll(/\$\((\w+)\)/g)].map(([, n]) => n))
    return all.flatMap(({ name, value = '' }, i) => [
      ...known.includes(name) || used.flat().includes(name) ? [] : [`${name} is no variable of it`],
      ...used[i]?.every((other) => all.slice(0, i).some(({ name }) => name === other)) === true
        ? []
        : [`${name} uses a variable that is not set before it`],
      // The lookup does not try search domains.
      ...name === 'INSTANCES_DNS' &&
        !headless.some((host) => value === `${host}.$(POD_NAMESPACE).svc.cluster.local`)
        ? [`INSTANCES_DNS ${value} is not the whole name of a headless Service`]
        : []
    ])
  })
})

const ends: Rule = (objects, { variables }) => each(objects, ({ name, spec }) => {
  const seconds = spec.terminationGracePeriodSeconds ?? 30
  const slept = spec.containers
    .flatMap(({ lifecycle }) => lifecycle?.preStop?.exec?.command ?? [])
    .flatMap((text) => [...text.matchAll(/sleep (\d+)/g)].map(([, time]) => Number(time)))
    .reduce((sum, time) => sum + time, 0)
  if (slept >= seconds) return [`ends after ${seconds} s, and preStop takes ${slept} s`]
  if (variables[name] === undefined) return []
  const drained = spec.containers
    .flatMap((container) => variablesOf(objects, container))
    .find(({ name }) => name === 'DRAIN_MS')?.value
  if (drained === undefined) return ['DRAIN_MS is not set']
  return seconds * 1000 > Number(drained) + CLOSES_WITHIN
    ? []
    : [`is killed after ${seconds} s, before it has drained (${drained} ms) and closed`]
})

const budgets: Rule = (objects) => {
  const scaled = ofKind(objects, 'HorizontalPodAutoscaler').map(({ spec }) => spec)
  return each(objects, ({ name, labels, replicas }) => {
    const least = replicas ?? scaled.find((spec) => spec?.scaleTargetRef.name === name)?.minReplicas
    if (least === 1) return []
    if (least === undefined) return ['neither replicas nor an autoscaler']
    return ofKind(objects, 'PodDisruptionBudget')
      .some(({ spec }) => selects(spec?.selector ?? {}, labels))
      ? []
      : ['no PodDisruptionBudget']
  })
}

/** Pod Security Standards, level `restricted`, and a root file system that is read-only. */
const contained: Rule = (objects) => each(objects, ({ spec }) => [
  ...spec.securityContext?.runAsNonRoot === true ? [] : ['may run as root'],
  ...spec.securityContext?.seccompProfile?.type === 'RuntimeDefault' ? [] : ['no seccomp profile'],
  ...spec.automountServiceAccountToken === false ? [] : ['has a token of the API'],
  ...spec.hostNetwork === true || spec.hostPID === true || spec.hostIPC === true
    ? ['shares namespaces of its node']
    : [],
  ...(spec.volumes ?? []).filter(({ hostPath }) => hostPath !== undefined).map(() => 'a hostPath'),
  ...containersOf(spec).flatMap(({ resources, securityContext }) => [
    ...['cpu', 'memory'].filter((name) => resources?.requests?.[name] === undefined)
      .map((name) => `no request of ${name}`),
    ...resources?.limits?.['memory'] === undefined ? ['no limit of memory'] : [],
    ...securityContext?.allowPrivilegeEscalation === false ? [] : ['may gain privileges'],
    ...securityContext?.readOnlyRootFilesystem === true ? [] : ['its root is writable'],
    ...securityContext?.capabilities?.drop?.includes('ALL') === true ? [] : ['has capabilities']
  ])
])

/** A node looks for `latest` in a registry, and restarted pods may run something else. */
const images: Rule = (objects) => each(objects, ({ spec }) =>
  containersOf(spec)
    .filter(({ image = '' }) => !/:(?!latest$)[\w.-]+$|@sha256:/.test(image))
    .map(({ image = '' }) => `image ${image} has no version`))

const metrics: Rule = (objects, { metrics }) =>
  ofKind(objects, 'HorizontalPodAutoscaler').flatMap(({ spec }) =>
    (spec?.metrics ?? [])
      .flatMap(({ pods }) => pods?.metric.name ?? [])
      .filter((name) => !metrics.includes(name))
      .map((name) => `autoscaler: no metric ${name} in adapter.yaml`))
