import { redact } from '@weir/internal'
import { stackOf } from './error-serializer.js'

/**
 * Exit status of a service that cannot start with its configuration (EX_CONFIG of sysexits.h):
 * restarting it is useless.
 */
export const EXIT_HOPELESS = 78

/** Reason why a service cannot start, for its operator. */
export interface BootError {
  /**
   * One line that names the path or variable and the remedy, or a stack for an unexpected error.
   * Contains no secrets.
   */
  readonly text: string
  readonly exitStatus: number
}

/** Describes an error that prevents a service from starting. */
export function describeBootError (error: unknown): BootError {
  const known =
    error instanceof Error
      ? (socketProblem(error) ?? fileProblem(error) ?? named(error))
      : undefined
  if (known === undefined) return { text: redact(stackOf(error)), exitStatus: 1 }
  return {
    text: redact(known.line.replace(/\s*\n\s*/g, ' ')),
    exitStatus: known.mayPass ? 1 : EXIT_HOPELESS
  }
}

interface Known {
  readonly line: string
  /** True if the next start may succeed without any change. */
  readonly mayPass?: boolean
}

function socketProblem (
  error: NodeJS.ErrnoException & { port?: number; address?: string }
): Known | undefined {
  if (error.syscall !== 'listen' && error.syscall !== 'getaddrinfo') return undefined
  const place = `${error.port} on ${error.address}`
  switch (error.code) {
    case 'EADDRINUSE':
      return {
        line: `Port ${place} is taken: set PORT to another one, or stop the process that ` +
          'listens on it.',
        mayPass: true
      }
    case 'EACCES':
      return {
        line: `Port ${place} is not allowed: set PORT to one from 1024 on, or run with the ` +
          'privilege to use it.'
      }
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return { line: `${error.message}: set HOST to an address of this machine.` }
  }
  return undefined
}

const REMEDIES: Readonly<Record<string, string>> = {
  EACCES:
    'permission denied: let the user that runs this process write there, or set DATA_DIR to ' +
    'another folder',
  EPERM:
    'permission denied: let the user that runs this process write there, or set DATA_DIR to ' +
    'another folder',
  EROFS:
    'the file system is read-only: set DATA_DIR to a folder on a writable one (in a container, ' +
    'a volume)',
  ENOSPC: 'the disk is full: free some space, or set DATA_DIR to a folder on another one',
  EDQUOT: 'the quota is used up: free some space, or set DATA_DIR to a folder elsewhere',
  ENOTDIR: 'part of this path is a file: set DATA_DIR to a folder',
  EEXIST: 'part of this path is a file: set DATA_DIR to a folder',
  ENOENT: 'this cannot be created: set DATA_DIR to a folder that can',
  ENAMETOOLONG: 'this path is too long: set DATA_DIR to a shorter one',
  ELOOP: 'a symbolic link points back to itself: set DATA_DIR to a folder'
}

function fileProblem (error: NodeJS.ErrnoException): Known | undefined {
  const remedy = REMEDIES[error.code ?? '']
  return remedy === undefined || error.path === undefined
    ? undefined
    : { line: `${error.path}: ${remedy}.` }
}

// Named errors have a message for operators. Another process may release a lock.
function named (error: NodeJS.ErrnoException): Known | undefined {
  const { code = '', message, cause } = error
  if (!/^(?:WEIR|CATALOG)_/.test(code)) return undefined
  const why =
    message.includes('see the cause') && cause instanceof Error ? ` (${cause.message})` : ''
  const where = code.startsWith('WEIR_SQLITE_') ? '. DATA_DIR sets where files are stored' : ''
  return { line: `${message}${why}${where} [${code}]`, mayPass: code === 'WEIR_SQLITE_BUSY' }
}
