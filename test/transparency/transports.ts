export const TRANSPORTS = ['http1', 'tls', 'http2', 'nginx'] as const

/** The ways in which clients reach both twins. */
export type Transport = typeof TRANSPORTS[number]
