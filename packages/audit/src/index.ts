export { audit, type AuditTarget } from './audit.js'
export type { CheckId, Severity } from './catalogue.js'
export { AuditError, type AuditErrorCode } from './errors.js'
export { formatReport } from './format.js'
export { formatSarif } from './sarif.js'
export type { AuditOptions } from './options.js'
export type { HitSign } from './probing/hit.js'
export {
  assertNoFindings, type AuditReport, type Evidence, type Finding, type RouteReport
} from './report.js'
export type { BuildApp, InjectableApp } from './target/inject.js'
export type { RequestHeaders } from './target/target.js'
