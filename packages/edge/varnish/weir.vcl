# Weir behind Varnish 7: include this file after your backends, and define the two things it needs.
#
#   vcl 4.1;
#   import std;
#   backend default { .host = "127.0.0.1"; .port = "3000"; }
#   acl weir_purgers { "127.0.0.1"; }
#   sub weir_secret { set req.http.weir-expected = "the secret of varnish({ secret })"; }
#   include "weir.vcl";
#
# Needs the modules xkey and var (Debian: varnish-modules).
#
# A purge removes what is stored. It also changes the epoch, so that a response whose fetch began
# before the purge is not stored after it: such a response may be from before the write. Requests
# that wait for it fetch again.
#
# Only what Weir has handled is stored: a response without its fields could not be purged, and may
# be for one client. Store others, such as files, in a vcl_backend_response before the include.
import std;
import var;
import xkey;

sub vcl_recv {
  if (req.method == "PURGE") {
    call weir_secret;
    if (client.ip !~ weir_purgers || req.http.weir-secret != req.http.weir-expected) {
      return (synth(403, "Purging is not allowed"));
    }
    if (!req.http.weir-tags) {
      return (synth(400, "No tags"));
    }
    # The epoch comes first: a fetch that still sees the old one is stored by now, or at once, and
    # the second purge of the same invalidation removes it.
    var.global_set("weir-epoch", req.xid);
    if (req.http.weir-soft) {
      set req.http.weir-purged = xkey.softpurge(req.http.weir-tags);
    } else {
      set req.http.weir-purged = xkey.purge(req.http.weir-tags);
    }
    return (synth(200, "Purged"));
  }
  # Only this server says what a client's request is about.
  unset req.http.weir-secret;
  unset req.http.weir-expected;
}

sub vcl_synth {
  if (req.method == "PURGE") {
    if (resp.status == 200) {
      set resp.http.weir-purged = req.http.weir-purged;
    }
    set resp.http.content-type = "text/plain";
    synthetic(resp.reason);
    return (deliver);
  }
}

sub vcl_backend_fetch {
  # With a prefix, because an epoch that was never set is unequal to itself.
  var.set("weir-epoch", "e" + var.global_get("weir-epoch"));
}

# Stores nothing. For a while, requests for the same URL are fetched side by side and not one after
# the other. One of them may be stored again.
sub weir_pass {
  set beresp.uncacheable = true;
  set beresp.ttl = 120s;
}

sub vcl_backend_response {
  if (bereq.uncacheable) {
    return (deliver);
  }
  # Stale responses are served only if the origin says so.
  set beresp.grace = 0s;
  set beresp.keep = 60s;
  # Nothing may come between this comparison and storing: no waiting for the body.
  set beresp.do_stream = true;
  if (var.get("weir-epoch") != "e" + var.global_get("weir-epoch")) {
    set beresp.uncacheable = true;
    set beresp.ttl = 0s;
    return (deliver);
  }
  if (beresp.http.varnish-cache-control) {
    # The lifetime for this cache alone (RFC 9213). Age counts towards it.
    if (beresp.http.varnish-cache-control ~ "(?i)no-store|private" || !beresp.http.xkey ||
        beresp.http.set-cookie || beresp.http.vary ~ "\*") {
      call weir_pass;
      return (deliver);
    }
    set beresp.ttl = std.duration(
      regsub(beresp.http.varnish-cache-control, "(?i)^.*max-age=(\d+).*$", "\1") + "s", 0s
    ) - std.duration(beresp.http.age + "s", 0s);
    if (beresp.ttl <= 0s) {
      call weir_pass;
    }
    return (deliver);
  }
  if (!beresp.http.xkey) {
    call weir_pass;
    return (deliver);
  }
}

sub vcl_deliver {
  unset resp.http.xkey;
  unset resp.http.varnish-cache-control;
}
