#!/bin/sh
# Copies the primary into an empty volume, then follows it. PRIMARY is its connection string,
# PGPASSWORD the password.
set -eu

# Written last: without it, a copy was interrupted and starts again.
copied="$PGDATA/weir-copied"

until [ -e "$copied" ]; do
  find "$PGDATA" -mindepth 1 -delete
  chmod 0700 "$PGDATA"
  if pg_basebackup --dbname="$PRIMARY" --pgdata="$PGDATA" --write-recovery-conf --checkpoint=fast; then
    touch "$copied"
  else
    sleep 1
  fi
done

exec postgres "$@"
