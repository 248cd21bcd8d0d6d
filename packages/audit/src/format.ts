import type { AuditReport, Finding } from './report.js'

/** Writes the findings of a report, most severe first. */
export function formatFindings (report: AuditReport): string {
  const findings = report.findings.map(formatFinding)
  const count = report.findings.length
  const end = report.incomplete === undefined ? [] : [`The audit is incomplete: ${report.incomplete}.`]
  return [...findings, ...end, count === 0 ? 'No findings.' : `Findings: ${count}`].join('\n\n')
}

function formatFinding (finding: Finding): string {
  const { check, severity, route, found, explanation, evidence, remedy } = finding
  return [
    `${severity.toUpperCase().padEnd(6)}  ${check}  ${route}`,
    `  ${found}`,
    `  ${explanation}`,
    ...evidence.flatMap(({ curl, answer }, i) => [`  ${i + 1}. ${curl}`, `     ${answer}`]),
    `  With Weir: ${remedy.weir}`,
    `  In general: ${remedy.general}`
  ].join('\n')
}

/**
 * Writes a report for people: the routes, the findings, and what to change.
 * @example
 * import { audit, formatReport } from '@weir/audit'
 * import { fastify } from 'fastify'
 * console.log(formatReport(await audit(() => fastify().get('/', async () => 'hello'))))
 */
export function formatReport (report: AuditReport): string {
  const audited = report.routes.filter(({ skipped }) => skipped === undefined)
  const cached = report.routes.filter((route) => route.cached !== null)
  const lines = report.routes.map(({ route, url, cached, isolatedBy, skipped }) => {
    const name = route.endsWith(` ${url}`) ? route : `${route}  ${url}`
    const state = skipped ?? (cached === null
      ? 'no cache seen'
      : `cached (${cached})` + (isolatedBy === null ? ', trials share one entry' : ''))
    return `  ${name}  ${state}`
  })
  return [
    `Routes: ${audited.length} audited, ${report.routes.length - audited.length} skipped; ` +
    `caching was seen on ${cached.length}.`,
    ...lines,
    '',
    formatFindings(report),
    '',
    `${report.requests} requests in ${(report.took / 1000).toFixed(1)} s.`
  ].join('\n')
}
