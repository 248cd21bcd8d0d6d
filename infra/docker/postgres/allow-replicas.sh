#!/bin/sh
# Runs once, when the image creates the database: lets replicas log in with the password.
set -eu
echo 'host replication all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
