import { isUtf8 } from 'node:buffer'
import type { FastifyInstance, FastifyRequest, preValidationHookHandler } from 'fastify'
import {
  WEIR_ERR_CHARSET,
  WEIR_ERR_CONTENT_CODING,
  WEIR_ERR_JSON_TEXT,
  WEIR_ERR_MERGE_PATCH,
  WEIR_ERR_NO_BODY
} from '../errors.js'
import { ignoreRejection } from '../given.js'

const MERGE_PATCH = 'application/merge-patch+json'

/** Accepted types of bodies, for Accept-Post and Accept-Patch. */
export const JSON_TYPE = 'application/json'
export const PATCH_TYPES = `${JSON_TYPE}, ${MERGE_PATCH}`

/**
 * Requires JSON bodies in UTF-8 (RFC 8259, section 8.1) without a Content-Encoding, for PATCH also
 * a merge patch (RFC 7396); anything else is a 415. Bytes that are not UTF-8, and unpaired
 * surrogate escapes, are a 400: they would be stored as U+FFFD. For methods that have no body, a
 * Content-Type without a body is ignored.
 */
export function jsonBodies (app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeContentTypeParser([JSON_TYPE, 'text/plain'])
  app.addContentTypeParser(
    [JSON_TYPE, MERGE_PATCH],
    { parseAs: 'buffer' },
    (request, body: Buffer, done) => {
      if (body.length === 0 && bodiless.has(request.method)) return done(null)
      const problem = problemOf(request, body)
      if (problem !== undefined) return done(problem)
      const text = body.toString()
      const isSuspect = escapedSurrogate.test(text)
      // The parser takes a callback; according to its type it may also return a promise.
      ignoreRejection(
        parse(request, text, (error, value: unknown) => {
          done(error ?? (isSuspect ? halfCharacter(value) : null), value)
        })
      )
    }
  )

  app.addHook('onRequest', ({ method, headers, raw }, _reply, done) => {
    if (headers['content-type'] !== undefined && bodiless.has(method) && !hasContent(headers)) {
      delete raw.headers['content-type']
    }
    done()
  })

  // Fastify validates such a body by its Content-Type, and one without a Content-Type not at all.
  app.addHook('onRoute', (route) => {
    if (isByType(route.schema?.body)) {
      route.preValidation = [requireBody, ...[route.preValidation ?? []].flat()]
    }
  })
}

const isByType = (schema: unknown): boolean =>
  typeof schema === 'object' && schema !== null && 'content' in schema

const requireBody: preValidationHookHandler = ({ method, body }, _reply, done) => {
  done(
    body === undefined
      ? new WEIR_ERR_NO_BODY(method === 'PATCH' ? PATCH_TYPES : JSON_TYPE)
      : undefined
  )
}

const bodiless: ReadonlySet<string> = new Set(['DELETE', 'OPTIONS'])

const hasContent = ({
  'content-length': length,
  'transfer-encoding': coding
}: FastifyRequest['headers']) => coding !== undefined || (length !== undefined && length !== '0')

function problemOf ({ method, headers }: FastifyRequest, body: Buffer): Error | undefined {
  const type = headers['content-type'] ?? ''
  if (method !== 'PATCH' && type.trimStart().toLowerCase().startsWith(MERGE_PATCH)) {
    return new WEIR_ERR_MERGE_PATCH(method)
  }
  const coding = headers['content-encoding'] ?? ''
  if (!/^(?:[\s,]|\bidentity\b)*$/i.test(coding)) {
    // The field distinguishes this 415 from one about the type (RFC 9110, section 15.5.16).
    return Object.assign(new WEIR_ERR_CONTENT_CODING(coding), {
      headers: { 'accept-encoding': 'identity' }
    })
  }
  for (const [, charset = ''] of type.matchAll(/;\s*charset\s*=\s*"?([^\s";]*)/gi)) {
    if (!/^utf-?8$/i.test(charset)) return new WEIR_ERR_CHARSET(charset)
  }
  return isUtf8(body) ? undefined : new WEIR_ERR_JSON_TEXT('its bytes are not UTF-8')
}

const escapedSurrogate = /\\u[dD][89a-fA-F]/
const surrogate = /\p{Cs}/u

/**
 * Returns the error for a string or a name in a value that is not well-formed Unicode; null if
 * there is none.
 */
function halfCharacter (value: unknown): Error | null {
  // Iterates instead of recursing: a client may nest values deeper than the stack.
  const left: [at: string, value: unknown][] = [['', value]]
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const [at, inside] = next
    if (typeof inside === 'string' && surrogate.test(inside)) return halved(at)
    if (typeof inside !== 'object' || inside === null) continue
    for (const [name, one] of Object.entries(inside) as [string, unknown][]) {
      if (surrogate.test(name)) return halved(at)
      left.push([`${at}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, one])
    }
  }
  return null
}

/**
 * Creates an error in the form of a schema violation: the problem names the field, unless that is
 * too long.
 */
function halved (at: string): Error {
  const message = 'has an escape from \\ud800 to \\udfff that is only half of a character'
  const violation = {
    keyword: 'wellFormed',
    instancePath: at.length > 200 ? '' : at,
    params: {},
    message
  }
  return Object.assign(new WEIR_ERR_JSON_TEXT(message), {
    validationContext: 'body',
    validation: [violation]
  })
}
