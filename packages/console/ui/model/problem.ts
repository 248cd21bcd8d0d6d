/** A failed request, described in words. */
export interface Problem {
  readonly status: number
  readonly title: string
  /** States what is wrong and, where possible, what to do. */
  readonly detail: string
  readonly code?: string
  readonly requestId?: string
  /** The rejected fields. */
  readonly errors: readonly { readonly field: string, readonly message: string }[]
  /** Seconds to wait before retrying. */
  readonly retryAfter?: number
}

/** Whether the client is not allowed to do this: another identity may be. */
export const isRefusal = ({ status }: Pick<Problem, 'status'>): boolean =>
  status === 401 || status === 403

/** Parses a problem document (RFC 9457) or any other error body. */
export function problemOf (status: number, body: string, retryAfter: string | null): Problem {
  const said = parse(body)
  // Applications without problem documents return Fastify's own fields: error and message.
  const title = textIn(said, 'title') ?? textIn(said, 'error') ?? `Status ${status}`
  const code = textIn(said, 'code')
  const requestId = textIn(said, 'requestId')
  const seconds = retryAfter !== null && /^\d+$/.test(retryAfter) ? Number(retryAfter) : undefined
  return {
    status,
    title,
    detail:
      textIn(said, 'detail') ??
      textIn(said, 'message') ??
      `The response was ${status}, without a reason.`,
    ...(code !== undefined && { code }),
    ...(requestId !== undefined && { requestId }),
    errors: Array.isArray(said['errors']) ? said['errors'].flatMap(fieldError) : [],
    ...(seconds !== undefined && { retryAfter: seconds })
  }
}

function fieldError (error: unknown): Problem['errors'] {
  if (!isRecord(error)) return []
  const field = textIn(error, 'field')
  const message = textIn(error, 'message')
  return field === undefined || message === undefined ? [] : [{ field, message }]
}

function parse (body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body)
    return isRecord(value) ? value : {}
  } catch {
    return {}
  }
}

function textIn (record: Record<string, unknown>, name: string): string | undefined {
  const value = record[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null
