import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** A server's key and certificate, in PEM. */
export interface Certificate {
  readonly key: Buffer
  readonly cert: Buffer
}

/** Creates a self-signed certificate in a folder. */
export async function certificate (folder: string): Promise<Certificate> {
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  await promisify(execFile)('openssl', [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-keyout',
    keyFile,
    '-out',
    certFile,
    '-days',
    '2',
    '-subj',
    '/CN=localhost'
  ])
  return { key: await readFile(keyFile), cert: await readFile(certFile) }
}
