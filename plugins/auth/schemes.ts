/**
 * Security schemes for OpenAPI: give them to `@weir/fastify/service`. Routes with a role then name
 * the available ones.
 */
export const securitySchemes = {
  bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
  apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' }
} as const

export type Scheme = keyof typeof securitySchemes

const CHALLENGES: Record<Scheme, string> = {
  bearer: 'Bearer realm="api"',
  apiKey: 'ApiKey realm="api"'
}

/** Returns the WWW-Authenticate field (RFC 9110, 11.6.1; RFC 6750, 3). */
export function challenge (schemes: readonly Scheme[], invalid: boolean): string {
  return schemes
    .map((scheme) =>
      scheme === 'bearer' && invalid
        ? `${CHALLENGES[scheme]}, error="invalid_token"`
        : CHALLENGES[scheme]
    )
    .join(', ')
}
