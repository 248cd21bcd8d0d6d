# Varnish in the comparison of proxies; npm run bench:proxy fills in the origin's port.
vcl 4.1;

backend origin {
  .host = "127.0.0.1";
  .port = "ORIGIN_PORT";
}

sub vcl_backend_response {
  # The default serves responses for 10 s after they have become stale, which the origin has not allowed.
  set beresp.grace = 0s;
  # Stale responses are kept to be revalidated. Weir keeps them for a minute at least.
  set beresp.keep = 60s;
}

# The rest is the built-in VCL: max-age and s-maxage, Vary, hit-for-miss for uncacheable responses. Varnish
# fetches gzip and unpacks it for clients that do not accept it.
