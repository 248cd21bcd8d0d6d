import type {
  NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec
} from 'kubernetes-types/networking/v1.js'
import type { ContainerPort } from 'kubernetes-types/core/v1.js'
import { type Manifest, ofKind, selects, workloadsOf } from './manifests.js'

/** One end of a connection: pods with labels, or an address outside of the cluster. */
export interface End {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** Undefined outside of the cluster. */
  readonly namespace: string | undefined
  readonly address?: string
  readonly ports: readonly ContainerPort[]
}

const NAMESPACE = 'weir'
const port = (containerPort: number, protocol = 'TCP'): ContainerPort =>
  ({ containerPort, protocol })

/** Ends of connections besides the overlay's own pods. */
export const OTHERS: readonly End[] = [
  {
    name: 'dns',
    labels: { 'k8s-app': 'kube-dns' },
    namespace: 'kube-system',
    ports: [port(53, 'UDP'), port(53)]
  },
  { name: 'monitoring', labels: {}, namespace: 'monitoring', ports: [port(4318)] },
  { name: 'stranger', labels: {}, namespace: 'default', ports: [port(80)] },
  {
    name: 'outside',
    labels: {},
    namespace: undefined,
    address: '203.0.113.1',
    ports: [80, 443, 5432, 6081, 6379].map((number) => port(number))
  }
]

/**
 * Returns the connections that the NetworkPolicies admit, such as `nginx -> catalog:4101`: allowed
 * by the policies of both ends, where a pod without a policy for a direction is open in it.
 */
export function edges (objects: readonly Manifest[]): string[] {
  const policies = ofKind(objects, 'NetworkPolicy').flatMap(({ spec }) => spec ?? [])
  const own = workloadsOf(objects).map(({ name, labels, spec }): End => ({
    name,
    labels,
    namespace: NAMESPACE,
    ports: spec.containers.flatMap(({ ports = [] }) => ports)
  }))
  const ends = [...own, ...OTHERS]
  return ends.flatMap((from) => ends.flatMap((to) => {
    if (!own.includes(from) && !own.includes(to)) return []
    return to.ports
      .filter((port) =>
        admits(policies, from, 'egress', to, port) && admits(policies, to, 'ingress', from, port))
      .map(({ containerPort, protocol = 'TCP' }) =>
        `${from.name} -> ${to.name}:${containerPort}${protocol === 'TCP' ? '' : '/udp'}`)
  }))
}

function admits (
  policies: readonly NetworkPolicySpec[],
  of: End,
  direction: 'ingress' | 'egress',
  peer: End,
  port: ContainerPort
): boolean {
  const type = direction === 'ingress' ? 'Ingress' : 'Egress'
  const applied = policies.filter(({ podSelector, policyTypes }) =>
    of.namespace === NAMESPACE &&
    selects(podSelector, of.labels) && policyTypes?.includes(type) === true)
  if (applied.length === 0) return true
  return applied.some(({ ingress = [], egress = [] }) =>
    direction === 'ingress'
      ? ingress.some(({ from, ports }) => isPeer(from, peer) && isPort(ports, port))
      : egress.some(({ to, ports }) => isPeer(to, peer) && isPort(ports, port)))
}

const isPeer = (peers: readonly NetworkPolicyPeer[] | undefined, end: End): boolean =>
  peers === undefined || peers.some(({ podSelector, namespaceSelector, ipBlock }) => {
    if (ipBlock !== undefined) {
      return end.address !== undefined && [`${end.address}/32`, '0.0.0.0/0'].includes(ipBlock.cidr)
    }
    if (end.namespace === undefined) return false
    const labels = { 'kubernetes.io/metadata.name': end.namespace }
    return (namespaceSelector === undefined
      ? end.namespace === NAMESPACE
      : selects(namespaceSelector, labels)) && selects(podSelector ?? {}, end.labels)
  })

const isPort = (ports: readonly NetworkPolicyPort[] | undefined, port: ContainerPort): boolean =>
  ports === undefined || ports.some(({ port: wanted, protocol = 'TCP' }) =>
    protocol === (port.protocol ?? 'TCP') &&
    (wanted === undefined || wanted === port.containerPort || wanted === port.name))
