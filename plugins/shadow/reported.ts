import type { ShadowFinding } from '@weir/metrics'
import type { FastifyInstance } from 'fastify'

/** Returns the findings of each application, by its server. */
const REPORTS = new WeakMap<object, () => readonly ShadowFinding[]>()

/** Notes how to obtain the findings of an application, for the plugin that reports them. */
export function noteShadow (app: FastifyInstance, report: () => readonly ShadowFinding[]): void {
  REPORTS.set(app.server, report)
}

/** Returns the findings of an application; none without shadow mode. */
export const shadowOf = ({ server }: FastifyInstance): readonly ShadowFinding[] =>
  REPORTS.get(server)?.() ?? []
