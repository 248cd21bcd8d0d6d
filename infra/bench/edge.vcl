# Varnish in the benchmark `edge`, which fills in the origin's port.
vcl 4.1;
import std;
backend default { .host = "127.0.0.1"; .port = "ORIGIN_PORT"; }
acl weir_purgers { "127.0.0.1"; }
sub weir_secret { set req.http.weir-expected = "benchmark"; }
include "weir.vcl";
