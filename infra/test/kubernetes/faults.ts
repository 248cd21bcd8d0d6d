/** Changes of the production overlay, and the problem that each causes. */
export const FAULTS = [
  ['      app.kubernetes.io/name: weather\n  strategy', '      app.kubernetes.io/name: climate\n  strategy', 'workload weather selects no pod'],
  ['  selector:\n    app.kubernetes.io/name: stats', '  selector:\n    app.kubernetes.io/name: stat', 'Service stats selects no pod'],
  ['    kind: Deployment\n    name: storefront', '    kind: Deployment\n    name: shop', 'autoscaler of shop selects no pod'],
  ['spec:\n  minReadySeconds: 5\n  selector', 'spec:\n  minReadySeconds: 5\n  replicas: 2\n  selector', 'overwrite each other'],
  ['    targetPort: http', '    targetPort: https', 'leads to no named port'],
  ['            port: http', '            port: probe', "a probe's port probe does not exist"],
  ['        readinessProbe:', '        notReadinessProbe:', 'no readinessProbe'],
  ['            name: weir\n', '            name: other\n', 'other does not exist'],
  ['              name: weir-databases', '              name: databases', 'databases does not exist'],
  ['        - name: CATALOG_ORIGIN', '        - name: CATALOG_URL', 'CATALOG_URL is no variable'],
  ['        - name: POD_NAMESPACE', '        - name: NAMESPACE', 'a variable that is not set before it'],
  ['value: catalog-instances.$(POD_NAMESPACE).svc.cluster.local', 'value: catalog-instances', 'not the whole name'],
  ['terminationGracePeriodSeconds: 20', 'terminationGracePeriodSeconds: 11', 'is killed after 11 s'],
  ['DRAIN_MS: "10000"', 'DRAIN_MS: "19000"', 'before it has drained (19000 ms)'],
  ['terminationGracePeriodSeconds: 45', 'terminationGracePeriodSeconds: 30', 'preStop takes 40 s'],
  ['kind: PodDisruptionBudget\nmetadata:\n  labels:\n    app.kubernetes.io/part-of: weir\n  name: catalog\n  namespace: weir\nspec:\n  maxUnavailable: 1\n  selector:\n    matchLabels:\n      app.kubernetes.io/name: catalog', 'kind: PodDisruptionBudget\nmetadata:\n  name: catalog\nspec:\n  maxUnavailable: 1\n  selector:\n    matchLabels:\n      app.kubernetes.io/name: stats', 'catalog: no PodDisruptionBudget'],
  ['        runAsNonRoot: true', '        runAsNonRoot: false', 'may run as root'],
  ['          type: RuntimeDefault', '          type: Unconfined', 'no seccomp profile'],
  ['automountServiceAccountToken: false', 'automountServiceAccountToken: true', 'has a token'],
  ['allowPrivilegeEscalation: false', 'allowPrivilegeEscalation: true', 'may gain privileges'],
  ['readOnlyRootFilesystem: true', 'readOnlyRootFilesystem: false', 'its root is writable'],
  ['            - ALL', '            - NET_RAW', 'has capabilities'],
  ['            cpu: 250m', '            gpu: 1', 'no request of cpu'],
  ['          limits:', '          limit:', 'no limit of memory'],
  ['weir:0.0.0', 'weir:latest', 'has no version'],
  ['name: weir_computed_per_second', 'name: weir_requests', 'no metric weir_requests']
] as const

/** Changes of the local overlay's policies, and the connection that each opens or closes. */
export const LEAKS = [
  ['          app.kubernetes.io/name: nginx\n    - namespaceSelector', '          app.kubernetes.io/name: storefront\n    - namespaceSelector', 'nginx -> catalog:4101'],
  ['    - port: 6379', '    - port: 6380', 'catalog -> redis:6379'],
  ['    - port: redis', '    - port: postgres', 'catalog -> redis:6379'],
  ['    - port: 4318', '    - port: 4317', 'catalog -> monitoring:4318'],
  ['    - port: 443', '    - port: 80', 'weather -> outside:80'],
  ['      app.kubernetes.io/name: weather\n  policyTypes', '      app.kubernetes.io/name: catalog\n  policyTypes', 'catalog -> outside:443'],
  ['          k8s-app: kube-dns', '          k8s-app: dns', 'nginx -> dns:53/udp'],
  ['  podSelector:\n    matchLabels:\n      app.kubernetes.io/name: postgres', '  podSelector:\n    matchLabels:\n      app.kubernetes.io/name: redis', 'stranger -> postgres:5432']
] as const
