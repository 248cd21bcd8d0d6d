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

/** The types that methods with a body take, for Accept-Post and Accept-Patch. */
export const JSON_TYPE = 'application/json'
export const PATCH_TYPES = `${JSON_TYPE}, ${MERGE_PATCH}`

/**
 * Has bodies be JSON in UTF-8 (RFC 8259, section 8.1) without a Content-Encoding, PATCH's also a
 * merge patch (RFC 7396); anything else is a 415. Bytes that are not UTF-8, and escapes of half a
 * character, are a 400: stored, they would be U+FFFD. Where a method has no body by itself,
 * Content-Type without one means nothing.
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
      // It takes a callback; by its type it may return a promise as well.
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

  // Fastify validates such a body by its Content-Type, and one without by nothing.
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
    // RFC 9110, section 15.5.16: it tells such a 415 from one about the type.
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
 * The error for a string in a value, or a name, that is no well-formed Unicode; null where there is
 * none.
 */
function halfCharacter (value: unknown): Error | null {
  // As deep as it is: a client may nest more than the stack has room for.
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
 * Told as a violation of a schema is: the problem names the field, unless that is longer than a
 * problem should be.
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
