import { createHash } from 'node:crypto'
import { CATALOGUE, type CheckId, type Severity } from './catalogue.js'
import type { AuditReport, Finding } from './report.js'

const GUIDE = 'https://github.com/weir-cache/weir/blob/main/docs/guides/audit.md#checks'
const LEVEL = { high: 'error', medium: 'warning', low: 'note' } as const
/** Scores by which GitHub orders alerts: from 7.0 high, from 4.0 medium. */
const SCORE: Readonly<Record<Severity, string>> = { high: '8.0', medium: '5.0', low: '2.0' }

/**
 * Writes a report in SARIF 2.1.0, which code scanning shows, such as that of GitHub.
 * @param file path of the app's module within the repository: findings are shown there, because a
 *   route has no line
 * @example
 * import { audit, formatSarif } from '@weir/audit'
 * import { fastify } from 'fastify'
 * const report = await audit(() => fastify().get('/', async () => 'hello'))
 * console.log(formatSarif(report, 'src/app.ts'))
 */
export function formatSarif (report: AuditReport, file: string): string {
  const found = new Set(report.findings.map(({ check }) => check))
  const isComplete = report.incomplete === undefined
  return JSON.stringify({
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{
      tool: {
        driver: {
          name: 'weir audit',
          informationUri: GUIDE,
          rules: [...found].map(ruleOf)
        }
      },
      invocations: [{
        executionSuccessful: isComplete,
        ...!isComplete && {
          toolExecutionNotifications: [{ level: 'error', message: { text: report.incomplete } }]
        }
      }],
      results: report.findings.map((finding) => resultOf(finding, file))
    }]
  }, undefined, 2)
}

function ruleOf (id: CheckId) {
  const { severity, explanation, weir, general } = CATALOGUE[id]
  return {
    id,
    shortDescription: { text: explanation },
    help: { text: `With Weir: ${weir}\nIn general: ${general}` },
    helpUri: GUIDE,
    defaultConfiguration: { level: LEVEL[severity] },
    properties: { 'security-severity': SCORE[severity], tags: ['security'] }
  }
}

function resultOf ({ check, severity, route, input, found, evidence }: Finding, file: string) {
  const steps = evidence.map(({ curl, answer }, i) => `${i + 1}. ${curl}\n   ${answer}`)
  return {
    ruleId: check,
    level: LEVEL[severity],
    message: { text: [`${route}: ${found}.`, ...steps].join('\n') },
    locations: [{
      physicalLocation: { artifactLocation: { uri: file }, region: { startLine: 1 } },
      logicalLocations: [{ fullyQualifiedName: route }]
    }],
    // Markers of requests differ in each run, and must not make a new alert of an old fault.
    partialFingerprints: {
      'weirAudit/v1': createHash('sha256').update(JSON.stringify([check, route, input])).digest('hex')
    }
  }
}
