# Varnish before the suite's nginx: see the profile edge of docker-compose.yml. The script start
# replaces the names in capitals.
vcl 4.1;
import std;

backend default {
  .host = "BACKEND_HOST";
  .port = "BACKEND_PORT";
  .first_byte_timeout = 30s;
}

# Containers, and this machine. Addresses of clients are among them, so the secret decides.
acl weir_purgers {
  "127.0.0.0"/8;
  "10.0.0.0"/8;
  "172.16.0.0"/12;
  "192.168.0.0"/16;
}

sub weir_secret {
  set req.http.weir-expected = "EDGE_SECRET";
}

include "weir.vcl";
