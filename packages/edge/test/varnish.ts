import { fileURLToPath } from 'node:url'
import { startVarnish } from '@weir/internal/testing'
import type { Test } from 'tap'

export const SECRET = 'the-secret'
const VCL = fileURLToPath(new URL('../../varnish', import.meta.url))

/** Starts a Varnish with the shipped VCL in front of a server on this machine. */
export const varnishBefore = (t: Test, port: number, acl = '"127.0.0.1";') => startVarnish(t, {
  vclDir: VCL,
  vcl: `
    vcl 4.1;
    import std;
    backend default { .host = "127.0.0.1"; .port = "${port}"; .first_byte_timeout = 30s; }
    acl weir_purgers { ${acl} }
    sub weir_secret { set req.http.weir-expected = "${SECRET}"; }
    include "weir.vcl";
  `
})
