#!/bin/bash
# Backs the database up into FOLDER, proves that the file can be read, and removes what is older than KEEP_DAYS.
# Restore into an empty database: pg_restore --clean --if-exists --no-owner --dbname=orders FILE, with the service stopped;
# then read what README says of a restored database and the cursor topic (the feed stands still until an operator looked).
set -euo pipefail

folder=${FOLDER:?where backups are kept}
keep_days=${KEEP_DAYS:?how long}

# PostgreSQL reads a renewed certificate when it is told to.
psql --no-psqlrc --quiet --tuples-only --command 'select pg_reload_conf()' >/dev/null

# A run that was killed leaves a part behind.
find "$folder" -name '*.partial' -delete
file=$folder/orders-$(date -u +%Y%m%dT%H%M%SZ).dump
pg_dump --format=custom --compress=6 --no-password --file="$file.partial"
# The whole table of contents, and so its end, is there.
pg_restore --list "$file.partial" >/dev/null
sync "$file.partial"
mv "$file.partial" "$file"
echo "backed up: $file, $(stat --format=%s "$file") bytes"

# Only after a good one: if backups fail, the old ones stay.
find "$folder" -name 'orders-*.dump' -mtime "+$keep_days" -print -delete
